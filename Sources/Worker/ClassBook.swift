package import Pipelines
import Synchronization

/// What a rank's consumer and its step thread tell each other of classes that are found: the names that the decoder has met,
/// by its numbers, each before a record that has it is handed over, and the model's classes, which a decoder need not have
/// met. Bounded as the decoder is.
package final class ClassBook: Sendable {
  private struct State {
    var names: [String] = []
    /// The model's, as far as the decoder is to hear of them.
    var classes: [String]
    var isFull = false
  }

  private let state: Mutex<State>
  /// Whether there is something that the decoder has not heard.
  private let isNew: Atomic<Bool>

  /// Whether a record with a further class is handed over all the same, for its step to refuse: then it has its place in the
  /// batch whether it was decoded before the last class was found or after.
  package let handsOthersOver: Bool

  /// - Parameter classes: Of the model, found before.
  package init(classes: [String] = [], handsOthersOver: Bool = false) {
    self.handsOthersOver = handsOthersOver
    state = Mutex(State(classes: classes))
    isNew = Atomic(!classes.isEmpty)
  }

  package func add(_ names: [String]) { state.withLock { $0.names += names } }

  /// The names from a number on.
  package func names(from number: Int) -> [String] { state.withLock { Array($0.names.dropFirst(number)) } }

  /// No class comes to these any more.
  package func close(_ classes: [String]) {
    state.withLock { ($0.classes, $0.isFull) = (classes, true) }
    isNew.store(true, ordering: .releasing)
  }

  package var isClosed: Bool { state.withLock(\.isFull) }

  /// What the decoder has not heard of the model's classes; nil: nothing.
  package func takeClasses() -> (names: [String], isAll: Bool)? {
    guard isNew.exchange(false, ordering: .acquiring) else { return nil }
    return state.withLock { ($0.classes, $0.isFull) }
  }

  /// What a dead letter says of a record that was refused for its class.
  ///
  /// - Parameter name: nil: it was not kept.
  package static func refusal(_ name: String?, label: LabelSettings) -> String {
    let most = "none of the \(label.classesMax) classes that schema.label.classes_max lets be found"
    guard let name else { return "\(label.path): its class is \(most)" }
    guard ClassNames.accepts(name) else {
      return "\(label.path): a class's name has 1 to \(ClassNames.foundBytesMax) bytes and no control characters"
    }
    return "\(label.path): `\(name.prefix(100))` is \(most)"
  }
}
