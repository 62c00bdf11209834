import CPostgres
import Foundation
import Vocabulary

/// Runs a program to its end, within a deadline.
///
/// Not Foundation's `Process`: that waits for a socket which the program's own children inherit, so it would take
/// `pg_ctl start` to run as long as the server does.
enum ChildProcess {
  struct Outcome {
    let status: Int32
    /// What it wrote to both streams; the first 64 KiB.
    let output: String
  }

  /// - Parameter environment: A plain one by default, so that the user's locale and PG… settings stay out; nil inherits.
  static func run(
    _ program: String, _ arguments: [String], deadline: Deadline,
    environment: [String]? = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"]
  ) throws -> Outcome {
    // A file, not a pipe: a server that the program leaves behind would keep a pipe open.
    var template = Array(("/tmp/retrain-output-" + String(repeating: "X", count: 6)).utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw PostgresError(.cluster, "no temporary file: errno \(errno)") }
    defer { close(descriptor) }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    unlink(template)
    let child = try spawn(program, arguments, output: descriptor, environment: environment)
    var status: Int32 = 0
    while true {
      let ended = waitpid(child, &status, WNOHANG)
      if ended == child { break }
      guard ended == 0 || errno == EINTR else {
        throw PostgresError(.cluster, "\(program) was lost sight of: errno \(errno)")
      }
      guard !deadline.hasPassed else {
        kill(child, SIGKILL)
        waitpid(child, &status, 0)
        throw PostgresError(.cluster, "\(program) did not end within its deadline")
      }
      pause(.milliseconds(2))
    }
    var bytes = [UInt8](repeating: 0, count: 65536)
    let count = max(0, pread(descriptor, &bytes, bytes.count, 0))
    // The low seven bits hold a signal; the next byte the exit status.
    let exit = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    return Outcome(status: exit, output: String(decoding: bytes[0..<count], as: UTF8.self))
  }

  private static func spawn(
    _ program: String, _ arguments: [String], output: Int32, environment: [String]?
  ) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, output, 2)
    posix_spawn_file_actions_addchdir_np(&actions, "/")
    #if os(Linux)
      posix_spawn_file_actions_addclosefrom_np(&actions, 3)
    #endif
    var child: pid_t = 0
    let failure = withCStrings([program] + arguments) { arguments in
      let arguments = UnsafePointer<UnsafeMutablePointer<CChar>?>(OpaquePointer(arguments))
      guard let environment else { return posix_spawn(&child, program, &actions, nil, arguments, environ) }
      return withCStrings(environment) {
        posix_spawn(&child, program, &actions, nil, arguments, UnsafePointer(OpaquePointer($0)))
      }
    }
    guard failure == 0 else {
      throw PostgresError(.cluster, "\(program) cannot be started: \(String(cString: strerror(failure)))")
    }
    return child
  }
}

/// Lets a moment pass between two looks at something that gives no event.
func pause(_ duration: Duration) { _ = poll(nil, 0, Int32(clamping: duration.milliseconds(rounding: .up))) }
