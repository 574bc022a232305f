// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <holdfast/type.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

/// What a `stream<T>` or a `future<T>` runs through on its way between the embedder and a guest, or between
/// two guests.
///
/// One writes, one reads, each on threads of their own. A pipe holds packed elements, of `stream<u8>` plain
/// bytes; it is bounded, so who is faster waits. A future's is one element long.
namespace holdfast::wit {

/// Whoever waits for the other end. Woken once for each time that it asked for; from any thread, without a
/// lock of the pipe's held, and also late or for nothing.
class sleeper {
 public:
  virtual ~sleeper() = default;
  virtual void wake() noexcept = 0;
};

/// How things stand for one end.
enum class flow : std::uint8_t {
  open,     ///< go on
  waiting,  ///< it has to wait for the other end
  ended,    ///< the other end is done: nothing comes any more, or nobody reads
  lost,     ///< for the reader: the writer was lost before it was done
};

/// @par Thread safety  safe; each end has one user at a time
class pipe {
 public:
  enum class form : std::uint8_t { bytes, elements };

  /// `capacity` in packed bytes; an element that is larger goes through alone.
  pipe(kind of, form made, std::size_t capacity) noexcept : kind_(of), form_(made), capacity_(capacity) {}

  kind of() const noexcept { return kind_; }
  form made_of() const noexcept { return form_; }

  // The writing end.

  /// Whether an element, or some bytes, can be written. `waiting`: `wakes` is woken when that changes, in
  /// place of one that was given before; null only looks.
  flow room(const std::shared_ptr<sleeper>& wakes);
  /// Writes what fits of some bytes: how many that are. Where there is room.
  std::size_t write(std::span<const std::byte> some);
  /// Writes one element. Where there is room.
  void put(std::vector<std::byte> element);
  /// Nothing comes any more. `lost`: more was to come. Who waits at either end is woken.
  void end(bool lost) noexcept;

  // The reading end.

  /// Whether there is something to read. `waiting`: as for `room`.
  flow filled(const std::shared_ptr<sleeper>& wakes);
  /// Reads some bytes at once: how many; 0 where none are there any more.
  std::size_t read(std::span<std::byte> into);
  /// The next element, if it is there still.
  std::optional<std::vector<std::byte>> next();

  // For a reader whose reads and `leave` are one thread's:
  /// Some bytes, or the next element; they stay until `pop`. Where something is there.
  std::span<const std::byte> front() const;
  /// They were read: that many bytes, or the element.
  void pop(std::size_t bytes);
  /// Nobody reads any more. What was not read is dropped, and who waits at either end is woken.
  void leave() noexcept;

 private:
  flow room() const noexcept;
  std::shared_ptr<sleeper> popped(std::size_t bytes);  // under the lock: the writer that is to be woken

  const kind kind_;
  const form form_;
  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<std::vector<std::byte>> held_;
  std::size_t read_ = 0;  // of the first
  std::size_t size_ = 0;  // of all that was not read
  bool written_ = false;  // a future's element
  bool ended_ = false;
  bool lost_ = false;
  bool left_ = false;
  std::shared_ptr<sleeper> reader_;
  std::shared_ptr<sleeper> writer_;
};

/// The reading end of a pipe, until it is given to somebody who reads: to a guest, as an argument, or to a
/// reader of the embedder's. Nobody took it: its end tells the writer that nobody will.
/// @par Thread safety  safe
class reading_end {
 public:
  /// Whether the elements are of a type.
  using fit = bool (*)(const std::optional<type>& of);

  /// Of a writer of the embedder's.
  reading_end(std::shared_ptr<pipe> from, fit fits) noexcept : from_(std::move(from)), fits_(fits) {}
  /// Of a guest's: the type of its elements.
  reading_end(std::shared_ptr<pipe> from, std::optional<type> of) noexcept
      : from_(std::move(from)), of_(std::move(of)) {}
  reading_end(const reading_end&) = delete;
  reading_end& operator=(const reading_end&) = delete;
  ~reading_end();

  /// Null: somebody took it.
  std::shared_ptr<pipe> take() noexcept;
  std::shared_ptr<pipe> look() const noexcept;

  /// Whether its elements are of that type; none: they are of no type.
  bool carries(const std::optional<type>& of) const;
  /// Whether they are what a reader reads.
  bool carries(fit reads) const { return fits_ != nullptr ? fits_ == reads : reads(of_); }

  // By number, as ends stand in packed values.

  /// Makes one an argument of that type: nobody else can take it from here on. The end to be kept until the
  /// guest has had its chance to; it has the number. Null: it cannot be passed, and `why` says so.
  static std::shared_ptr<reading_end> pass(const std::shared_ptr<reading_end>& from, const type& as,
                                           std::string& why);
  std::uint64_t number() const noexcept { return number_; }
  /// Of an argument; null: it is gone, or somebody took it.
  static std::shared_ptr<pipe> take(std::uint64_t argument) noexcept;
  /// Keeps one that a result brings, until it is claimed.
  static std::uint64_t bring(std::shared_ptr<pipe> from);
  /// Null: it was claimed before, or nobody can.
  static std::shared_ptr<pipe> claim(std::uint64_t result) noexcept;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<pipe> from_;
  fit fits_ = nullptr;
  std::optional<type> of_;
  std::uint64_t number_ = 0;  // 0: it is no argument
};

}  // namespace holdfast::wit
