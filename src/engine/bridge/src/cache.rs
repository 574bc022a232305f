// SPDX-License-Identifier: Apache-2.0
//! The compile cache: machine code on disk that only this user, through this bridge, can have written.
//!
//! Loading an entry runs native code, so the directory must be ours alone and each entry carries an HMAC under a random
//! key that lives beside it. What does not verify is treated as absent. A cache that cannot be written costs time, not
//! the compile.

use crate::abi::hfb_kind;
use crate::engine::EngineShared;
use crate::error::{Failure, failure};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

const KEY_SIZE: usize = 32;
const MAC_SIZE: usize = 32;
const KEY_NAME: &str = "key";

pub(crate) struct Cache {
    directory: PathBuf,
    key: [u8; KEY_SIZE],
}

/// Wasmtime's compatibility hash is a `Hash`; this feeds what it hashes into SHA-256.
struct Feed<'a>(&'a mut Sha256);

impl Hasher for Feed<'_> {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}

fn refused(directory: &Path, why: &str) -> Failure {
    failure(hfb_kind::Cache, format!("the cache directory {} is refused: {why}", directory.display()))
}

impl Cache {
    /// Opens the cache, makes the directory and the key where they are missing. `Ok(None)`: the directory is
    /// trustworthy as far as it goes, but cannot be used.
    pub(crate) fn open(directory: &Path) -> Result<Option<Self>, Failure> {
        if !directory.is_absolute() && directory.components().next().is_none() {
            return Ok(None);
        }
        if let Some(parent) = directory.parent() {
            // The parents may be anyone's; only the directory itself must be ours.
            let _ = fs::create_dir_all(parent);
        }
        match DirBuilder::new().mode(0o700).create(directory) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(_) => return Ok(None),
        }
        let Ok(meta) = fs::symlink_metadata(directory) else { return Ok(None) };
        if !meta.file_type().is_dir() {
            return Err(refused(directory, "it is not a directory (a symbolic link does not count)"));
        }
        // SAFETY: `geteuid` has no preconditions and cannot fail.
        let user = unsafe { libc::geteuid() };
        if meta.uid() != user {
            return Err(refused(directory, &format!("its owner is user {}, not {user}", meta.uid())));
        }
        if meta.mode() & 0o077 != 0 {
            return Err(refused(
                directory,
                &format!(
                    "its mode is {:03o}; others could write machine code into it, make it 700",
                    meta.mode() & 0o777
                ),
            ));
        }
        match Self::key(directory, user) {
            Ok(key) => Ok(Some(Self { directory: directory.to_owned(), key })),
            Err(KeyTrouble::Refused(why)) => Err(refused(directory, &why)),
            Err(KeyTrouble::Io) => Ok(None),
        }
    }

    /// Reads the key, or makes one. Two processes that start together agree: the first link wins.
    fn key(directory: &Path, user: u32) -> Result<[u8; KEY_SIZE], KeyTrouble> {
        let path = directory.join(KEY_NAME);
        for _ in 0..2 {
            match Self::read_key(&path, user) {
                Err(KeyTrouble::Io) => {}
                decided => return decided,
            }
            let mut key = [0; KEY_SIZE];
            getrandom::fill(&mut key).map_err(|_| KeyTrouble::Io)?;
            let temporary = write_temporary(directory, &[&key]).map_err(|_| KeyTrouble::Io)?;
            // Unlike a rename, a link never replaces a key that another process has begun to use.
            let linked = fs::hard_link(&temporary, &path);
            let _ = fs::remove_file(&temporary);
            match linked {
                Ok(()) => return Ok(key),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(_) => return Err(KeyTrouble::Io),
            }
        }
        Err(KeyTrouble::Io)
    }

    fn read_key(path: &Path, user: u32) -> Result<[u8; KEY_SIZE], KeyTrouble> {
        let mut file =
            OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC).open(path).map_err(
                |error| match error.raw_os_error() {
                    Some(libc::ELOOP) => KeyTrouble::Refused("its key is a symbolic link".to_owned()),
                    _ => KeyTrouble::Io,
                },
            )?;
        let meta = file.metadata().map_err(|_| KeyTrouble::Io)?;
        if meta.uid() != user || meta.mode() & 0o077 != 0 {
            return Err(KeyTrouble::Refused("its key is readable by others or not ours".to_owned()));
        }
        let mut key = Vec::new();
        (&mut file).take(KEY_SIZE as u64 + 1).read_to_end(&mut key).map_err(|_| KeyTrouble::Io)?;
        // A key of another size was not written by us in one piece; say so rather than replace it under a reader.
        key.try_into().map_err(|_| KeyTrouble::Refused("its key has the wrong size; remove the directory".to_owned()))
    }

    /// The name of the entry for these bytes on this engine.
    fn entry(&self, engine: &EngineShared, wasmtime: &wasmtime::Engine, wasm: &[u8]) -> PathBuf {
        let mut hash = Sha256::new();
        hash.update(b"holdfast component 1\0");
        hash.update((crate::WASMTIME_VERSION.len() as u64).to_le_bytes());
        hash.update(crate::WASMTIME_VERSION);
        wasmtime.precompile_compatibility_hash().hash(&mut Feed(&mut hash));
        engine.settings.hash(&mut Feed(&mut hash));
        hash.update((wasm.len() as u64).to_le_bytes());
        hash.update(wasm);
        let name: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        self.directory.join(name)
    }

    fn mac(&self, name: &Path, code: &[u8]) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("HMAC takes a key of any size");
        // The name is inside, so an honest entry cannot stand in for another one.
        mac.update(name.file_name().map(|name| name.as_encoded_bytes()).unwrap_or_default());
        mac.update(&[0]);
        mac.update(code);
        mac
    }

    /// The serialized code, if there is an entry and it verifies.
    pub(crate) fn load(&self, engine: &EngineShared, wasmtime: &wasmtime::Engine, wasm: &[u8]) -> Option<Vec<u8>> {
        let path = self.entry(engine, wasmtime, wasm);
        let mut file =
            OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC).open(&path).ok()?;
        let mut entry = Vec::new();
        file.read_to_end(&mut entry).ok()?;
        let (mac, _) = entry.split_at_checked(MAC_SIZE)?;
        let mac = mac.to_vec();
        entry.drain(..MAC_SIZE);
        self.mac(&path, &entry).verify_slice(&mac).ok()?;
        Some(entry)
    }

    /// Writes an entry; a failure leaves the cache as it was.
    pub(crate) fn store(&self, engine: &EngineShared, wasmtime: &wasmtime::Engine, wasm: &[u8], code: &[u8]) {
        let path = self.entry(engine, wasmtime, wasm);
        let mac = self.mac(&path, code).finalize().into_bytes();
        if let Ok(temporary) = write_temporary(&self.directory, &[&mac, code])
            && fs::rename(&temporary, &path).is_err()
        {
            let _ = fs::remove_file(&temporary);
        }
    }
}

enum KeyTrouble {
    Refused(String),
    Io,
}

/// Writes a new file of mode 0600 with a random name.
fn write_temporary(directory: &Path, parts: &[&[u8]]) -> io::Result<PathBuf> {
    let mut random = [0; 16];
    getrandom::fill(&mut random).map_err(|_| io::Error::other("no random numbers"))?;
    let name: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let path = directory.join(format!(".{name}.new"));
    let written = (|| {
        let mut file: File =
            OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(libc::O_CLOEXEC).open(&path)?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()
    })();
    match written {
        Ok(()) => Ok(path),
        Err(error) => {
            let _ = fs::remove_file(&path);
            Err(error)
        }
    }
}
