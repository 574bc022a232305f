// SPDX-License-Identifier: Apache-2.0
// Asks before something is done to a guest.

export function make_dialog() {
  const dialog = document.getElementById('ask');
  const title = document.getElementById('ask-title');
  const target = document.getElementById('ask-target');
  const effect = document.getElementById('ask-effect');
  const yes = document.getElementById('ask-yes');
  const no = document.getElementById('ask-no');
  let answer = null;

  const close = (value) => {
    const told = answer;
    answer = null;
    if (dialog.open) dialog.close();
    told?.(value);
  };
  yes.addEventListener('click', () => close(true));
  no.addEventListener('click', () => close(false));
  dialog.addEventListener('cancel', () => close(false));
  dialog.addEventListener('close', () => close(false));

  // Promises whether it is to be done. Afterwards the focus is where it was, or in `refuge` if that is gone.
  return async function ask({ verb, on, does, refuge }) {
    if (answer) return false;
    const before = document.activeElement;
    title.textContent = `${verb}?`;
    target.textContent = on;
    effect.replaceChildren(...does.map((sentence) => {
      const item = document.createElement('li');
      item.textContent = sentence;
      return item;
    }));
    yes.textContent = verb;
    const answered = new Promise((resolve) => { answer = resolve; });
    dialog.showModal();
    no.focus();
    const agreed = await answered;
    const there = before?.isConnected && before.checkVisibility?.() !== false && before !== document.body;
    (there ? before : refuge)?.focus();
    return agreed;
  };
}
