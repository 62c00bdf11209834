import Confinement
import Foundation
import Synchronization
import Vocabulary

/// A child of the supervisor, in a process group of its own so that the terminal's Ctrl-C does not reach it.
///
/// Its standard input is a pipe that nothing is written to: when we close our end, or die, it sees the end and stops
/// gracefully. What it prints goes to a file.
final class ChildProcess: Sendable {
  struct Exit: Sendable, Hashable {
    /// The exit code, or 128 + the signal that ended it.
    let code: Int32
    var isClean: Bool { code == 0 }
  }

  let processID: pid_t
  private let state: Mutex<State>
  private struct State {
    var lifeline: Int32
    var exit: Exit?
  }

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - executable: Of the running program by default.
  ///   - log: Appended to; made if need be.
  ///   - isDetached: A session of its own and no lifeline: it outlives us.
  init(
    executable: String? = nil, arguments: [String], environment: [String], log: String, isDetached: Bool = false
  ) throws {
    var output = open(log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    // A log that finds no room is no reason not to work.
    if output < 0, [ENOSPC, EDQUOT, EROFS].contains(errno) { output = open("/dev/null", O_WRONLY | O_CLOEXEC) }
    guard output >= 0 else { throw Self.failure(log, errno) }
    defer { close(output) }
    // One that an earlier program made may be open to everybody.
    _ = fchmod(output, 0o600)
    var ends: [Int32] = [-1, -1]
    if isDetached {
      ends[0] = open("/dev/null", O_RDONLY | O_CLOEXEC)
    } else {
      guard pipe(&ends) == 0 else { throw Self.failure("a pipe", errno) }
      // A later child that inherited our end would keep this one alive.
      for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    }
    defer { close(ends[0]) }

    keepDescriptorsToOurselves()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)

    let file = executable ?? OwnProgram.running.executable
    // It goes by the name that people know, wherever it was started from.
    let words = ([executable ?? OwnProgram.running.path] + arguments).map { strdup($0) } + [nil]
    let variables = environment.map { strdup($0) } + [nil]
    defer { for pointer in words + variables { free(pointer) } }
    var processID: pid_t = 0
    let result = withSpawnAttributes(isDetached: isDetached) {
      posix_spawn(&processID, file, &actions, $0, words, variables)
    }
    guard result == 0 else {
      if ends[1] >= 0 { close(ends[1]) }
      throw Self.failure(file, result)
    }
    self.processID = processID
    state = Mutex(State(lifeline: ends[1]))
  }

  private static func failure(_ what: String, _ number: Int32) -> CommandFailure {
    CommandFailure(.unavailable, "\(what) cannot be used: \(String(cString: strerror(number)))")
  }

  deinit { letGo() }

  /// Closes our end of its standard input: it stops gracefully.
  func letGo() {
    state.withLock { state in
      if state.lifeline >= 0 { close(state.lifeline) }
      state.lifeline = -1
    }
  }

  /// Its end, once it has ended; looks without waiting.
  var exit: Exit? {
    state.withLock { state in
      if let exit = state.exit { return exit }
      var status: Int32 = 0
      let result = waitpid(processID, &status, WNOHANG)
      guard result == processID || (result < 0 && errno == ECHILD) else { return nil }
      let signal = status & 0x7F
      state.exit = Exit(code: signal == 0 ? (status >> 8) & 0xFF : 128 + signal)
      return state.exit
    }
  }

  /// Sends a signal, unless the process has ended and its number may belong to another.
  func send(_ signal: Int32) {
    guard exit == nil else { return }
    kill(processID, signal)
  }

  /// Waits for its end; nil: the deadline came first.
  func waitForExit(until deadline: Deadline) -> Exit? {
    while true {
      if let exit { return exit }
      if deadline.hasPassed { return nil }
      usleep(10_000)
    }
  }
}
