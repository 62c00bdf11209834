package import Ingest
import Synchronization
package import Vocabulary

/// What the reading side has met and others must hear of: gaps for the incidents, marks for the registry. Any thread.
package final class StreamNews: Sendable {
  package enum Event: Sendable, Hashable {
    case lost(LostRange)
    /// The dead-letter topic takes nothing at the moment, and why: reading waits for it.
    case deadLettersHeldUp(String)
    /// What the values say about the schema.
    case values(FieldNews)
  }

  private struct State {
    var events: [Event] = []
    var marks: [Int32: StreamMark] = [:]
  }

  private let state = Mutex(State())
  /// Events that nobody takes are bounded: the counts are kept elsewhere.
  private static let eventsMax = 1000

  package init() {}

  func tell(_ event: Event) {
    state.withLock { if $0.events.count < Self.eventsMax { $0.events.append(event) } }
  }

  package func takeEvents() -> [Event] {
    state.withLock { state in
      defer { state.events.removeAll() }
      return state.events
    }
  }

  /// The newest mark of its partition.
  func mark(_ mark: StreamMark) { state.withLock { $0.marks[mark.partition] = mark } }

  /// Gives back a mark that could not be looked at, unless there is a newer one.
  func restore(_ mark: StreamMark) {
    state.withLock { if $0.marks[mark.partition] == nil { $0.marks[mark.partition] = mark } }
  }

  /// The newest marks since the last call.
  func takeMarks() -> [StreamMark] {
    state.withLock { state in
      defer { state.marks.removeAll() }
      return state.marks.values.sorted { $0.partition < $1.partition }
    }
  }
}
