import Confinement
import Foundation
import Vocabulary

/// A child with a process group of its own, so that Ctrl-C in a terminal reaches it only through us.
final class ChildProcess: Sendable {
  let identifier: pid_t

  /// Starts `arguments[0]` with the environment of this process.
  ///
  /// - Parameter output: A file that gets stdout and stderr, appended.
  /// - Parameter input: A descriptor to read stdin from; nil for nothing.
  init(_ arguments: [String], output: String, input: Int32? = nil) throws(KafkaError) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input {
      posix_spawn_file_actions_adddup2(&actions, input, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_adddup2(&actions, 1, 2)
    var words = arguments.map { strdup($0) }
    words.append(nil)
    defer { for word in words { free(word) } }
    var identifier = pid_t()
    let result = withSpawnAttributes { posix_spawnp(&identifier, arguments[0], &actions, $0, words, environ) }
    guard result == 0 else {
      throw KafkaError(
        code: .localBroker, reason: "\(arguments[0]) does not start: \(String(cString: strerror(result)))")
    }
    self.identifier = identifier
  }

  /// The exit status once it has ended (128 + signal when killed), and nil before. Ends the zombie.
  static func exitStatus(of identifier: pid_t) -> Int32? {
    var status: Int32 = 0
    let result = waitpid(identifier, &status, WNOHANG)
    if result == identifier {
      let signal = status & 0x7f
      return signal == 0 ? (status >> 8) & 0xff : 128 + signal
    }
    // Not a child of ours (any more): gone when no signal reaches it.
    if result < 0, kill(identifier, 0) != 0, errno == ESRCH { return 0 }
    return nil
  }

  /// Waits for the end in small looks; nil when the deadline passes first.
  static func waitForExit(of identifier: pid_t, until deadline: Deadline) -> Int32? {
    while true {
      if let status = exitStatus(of: identifier) { return status }
      if deadline.hasPassed { return nil }
      _ = poll(nil, 0, min(20, deadline.remainingMilliseconds))
    }
  }

  /// Asks a process group to end, and ends it when it has not by the deadline.
  ///
  /// - Returns: Whether it ended by itself.
  @discardableResult
  static func end(_ identifier: pid_t, until deadline: Deadline) -> Bool {
    kill(-identifier, SIGTERM)
    if waitForExit(of: identifier, until: deadline) != nil { return true }
    kill(-identifier, SIGKILL)
    _ = waitForExit(of: identifier, until: .after(.seconds(5)))
    return false
  }
}
