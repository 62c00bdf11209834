import Confinement
import Foundation
import Vocabulary

/// A program that is given a text, and ended with all that it started once its time is over.
///
/// It has a process group of its own, an environment of PATH and what is declared, and no descriptor of ours but its standard
/// input, output (to nowhere) and error.
enum CommandRun {
  enum End: Sendable {
    case ended(code: Int32, complaint: [UInt8])
    case killed(signal: Int32, complaint: [UInt8])
    /// Its time was over: it and its children are gone.
    case tooLate(complaint: [UInt8])
    case notStarted(String)
  }

  private static let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  /// Of what it says on standard error the end is kept.
  private static let complaintMax = 4096

  /// Runs a program; blocks until it has ended. For a thread of its own, on which writing to who has gone is no signal.
  ///
  /// - Parameters:
  ///   - words: The program by its whole path, and its arguments.
  ///   - input: What it reads on standard input.
  static func run(
    _ words: [String], input: [UInt8], environment: [String: String], until deadline: Deadline
  ) -> End {
    var noPipe = sigset_t()
    sigemptyset(&noPipe)
    sigaddset(&noPipe, SIGPIPE)
    pthread_sigmask(SIG_BLOCK, &noPipe, nil)
    let process: pid_t
    var inlet: Int32 = -1
    var outlet: Int32 = -1
    defer { for end in [inlet, outlet] where end >= 0 { close(end) } }
    do {
      (process, inlet, outlet) = try start(words, environment)
    } catch {
      return .notStarted(error.reason)
    }
    var written = 0
    var complaint: [UInt8] = []
    while true {
      if hasEnded(process) { break }
      if deadline.hasPassed {
        endAll(process)
        listen(outlet, &complaint)
        return .tooLate(complaint: complaint)
      }
      talk(&inlet, outlet, input, &written, &complaint, patience: min(20, max(1, deadline.remainingMilliseconds)))
    }
    listen(outlet, &complaint)
    let status = endAll(process)
    let signal = status & 0x7F
    return signal == 0
      ? .ended(code: (status >> 8) & 0xFF, complaint: complaint) : .killed(signal: signal, complaint: complaint)
  }

  private struct Failure: Error {
    let reason: String
    init(_ number: Int32) { reason = String(cString: strerror(number)) }
  }

  /// - Returns: The process, our end of its standard input, and of its standard error; neither waits.
  private static func start(
    _ words: [String], _ environment: [String: String]
  ) throws(Failure) -> (pid_t, inlet: Int32, outlet: Int32) {
    var input: [Int32] = [-1, -1]
    var error: [Int32] = [-1, -1]
    guard pipe(&input) == 0 else { throw Failure(errno) }
    defer { close(input[0]) }
    guard pipe(&error) == 0 else {
      let number = errno
      close(input[1])
      throw Failure(number)
    }
    defer { close(error[1]) }
    for end in [input[1], error[0]] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    keepDescriptorsToOurselves()

    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, error[1], STDERR_FILENO)
    let arguments = words.map { strdup($0) } + [nil]
    let declared = environment.filter { $0.key != "PATH" }.map { "\($0.key)=\($0.value)" }.sorted()
    let variables = ([environment["PATH"].map { "PATH=\($0)" } ?? path] + declared).map { strdup($0) } + [nil]
    defer { for pointer in arguments + variables { free(pointer) } }
    var process: pid_t = 0
    let result = withSpawnAttributes { posix_spawn(&process, words[0], &actions, $0, arguments, variables) }
    guard result == 0 else {
      close(input[1])
      close(error[0])
      throw Failure(result)
    }
    return (process, input[1], error[0])
  }

  /// Gives it what it still takes and hears what it says, for so long at most.
  private static func talk(
    _ inlet: inout Int32, _ outlet: Int32, _ input: [UInt8], _ written: inout Int, _ complaint: inout [UInt8],
    patience: Int32
  ) {
    if inlet >= 0, written == input.count {
      close(inlet)
      inlet = -1
    }
    var waits = [
      pollfd(fd: outlet, events: Int16(POLLIN), revents: 0), pollfd(fd: inlet, events: Int16(POLLOUT), revents: 0),
    ]
    guard poll(&waits, 2, patience) > 0 else { return }
    if waits[1].revents != 0, inlet >= 0 {
      let count = input.withUnsafeBytes { bytes in
        write(inlet, bytes.baseAddress.map { $0 + written }, bytes.count - written)
      }
      if count > 0 {
        written += count
      } else if errno != EAGAIN, errno != EINTR {
        // It does not want the rest.
        written = input.count
      }
    }
    // Where it has closed its end and goes on, there is nothing to hear, and looking is no waiting.
    if waits[0].revents & Int16(POLLIN) == 0, waits[0].revents != 0 { _ = poll(nil, 0, patience) }
    listen(outlet, &complaint)
  }

  /// All that it has said by now.
  private static func listen(_ outlet: Int32, _ complaint: inout [UInt8]) {
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    // It may speak faster than anybody listens.
    for _ in 0..<16 {
      let count = read(outlet, &buffer, buffer.count)
      guard count > 0 else { return }
      complaint = Array((complaint + buffer[..<count]).suffix(complaintMax))
    }
  }

  /// Looks without taking the end up: as long as nobody has, its number belongs to nobody else.
  private static func hasEnded(_ process: pid_t) -> Bool {
    var state = siginfo_t()
    return waitid(P_PID, id_t(process), &state, WEXITED | WNOHANG | WNOWAIT) != 0 || state.si_signo == SIGCHLD
  }

  /// Ends it, if it has not ended, and everything of its group.
  ///
  /// - Returns: How it ended.
  @discardableResult
  private static func endAll(_ process: pid_t) -> Int32 {
    kill(-process, SIGKILL)
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status
  }
}
