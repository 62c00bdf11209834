import Registry
import Synchronization
import Vocabulary

/// Keeps the right to run the pipeline while the run lasts: a server that restarts forgets who had it.
final class RunKeeping: Sendable {
  private let hold: RunHold
  private let taken = Mutex<String?>(nil)

  init(_ hold: RunHold) { self.hold = hold }

  /// Who has it instead; nil: nobody.
  var other: String? { taken.withLock { $0 } }

  /// Looks until cancelled, or until another has it.
  func run() async {
    while !Task.isCancelled, other == nil {
      try? await Task.sleep(for: .milliseconds(500))
      // A database that is away is asked again.
      guard let holder = try? await hold.take(deadline: .after(.seconds(3))), !hold.isOurs(holder) else { continue }
      taken.withLock { $0 = "\(holder)" }
    }
  }
}

/// What tasks beside the supervisor want to be shown. Any thread.
final class PendingNotes: Sendable {
  private let notes = Mutex<[String]>([])

  func add(_ note: String) { notes.withLock { $0.append(note) } }

  func take() -> [String] {
    notes.withLock { notes in
      defer { notes.removeAll() }
      return notes
    }
  }
}
