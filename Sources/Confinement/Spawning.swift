public import Foundation

/// Calls `body` with the attributes that a child of this process begins with: a group of its own, so that a terminal's Ctrl-C
/// reaches it only through us, no blocked signal, and none ignored because this process ignores it.
///
/// - Parameter isDetached: A session of its own, so that it outlives the terminal.
public func withSpawnAttributes<Result>(
  isDetached: Bool = false, _ body: (UnsafePointer<posix_spawnattr_t>) -> Result
) -> Result {
  var attributes = posix_spawnattr_t()
  unsafe posix_spawnattr_init(&attributes)
  defer { unsafe posix_spawnattr_destroy(&attributes) }
  var none = sigset_t()
  unsafe sigemptyset(&none)
  unsafe posix_spawnattr_setsigmask(&attributes, &none)
  var defaults = sigset_t()
  unsafe sigemptyset(&defaults)
  for signal in [SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT] { unsafe sigaddset(&defaults, signal) }
  unsafe posix_spawnattr_setsigdefault(&attributes, &defaults)
  unsafe posix_spawnattr_setpgroup(&attributes, 0)
  // glibc's POSIX_SPAWN_SETSID, which its header shows only to _GNU_SOURCE.
  let newSession: Int32 = 0x80
  let group = isDetached ? newSession : Int32(POSIX_SPAWN_SETPGROUP)
  unsafe posix_spawnattr_setflags(
    &attributes, Int16(group | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)))
  return unsafe body(&attributes)
}

/// What is open here is not open in a child that begins later: neither our files, sockets and locks, nor what whoever started us
/// left open, a pipe of theirs that a process outliving us would keep open, say.
public func keepDescriptorsToOurselves() {
  for name in (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")) ?? [] {
    guard let descriptor = Int32(name), descriptor > STDERR_FILENO else { continue }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }
}
