package import Pipelines
import Synchronization

/// The class names that a rank's decoder has met, by its numbers, on their way from the consumer's thread to the step
/// thread: a name stands here before a record that has it is handed over. Bounded as the decoder is.
package final class ClassBook: Sendable {
  private struct State {
    var names: [String] = []
    /// Once the model has as many classes as it may: all others are refused before they wait anywhere.
    var classes: Set<String>?
  }

  private let state = Mutex(State())
  private let isClosed = Atomic<Bool>(false)

  package init() {}

  package func add(_ names: [String]) { state.withLock { $0.names += names } }

  /// The names from a number on.
  package func names(from number: Int) -> [String] { state.withLock { Array($0.names.dropFirst(number)) } }

  /// No class comes to these any more.
  package func close(_ classes: [String]) {
    state.withLock { $0.classes = Set(classes) }
    isClosed.store(true, ordering: .releasing)
  }

  /// The name, where it can become a class no more; nil: it is one, or may become one.
  package func stranger(_ number: Int) -> String? {
    guard isClosed.load(ordering: .acquiring) else { return nil }
    return state.withLock { state in
      guard state.names.indices.contains(number), let classes = state.classes else { return nil }
      return classes.contains(state.names[number]) ? nil : state.names[number]
    }
  }

  /// What a dead letter says of a record that was refused for its class.
  package static func refusal(_ name: String, label: LabelSettings) -> String {
    guard ClassNames.accepts(name) else {
      return "\(label.path): a class's name has 1 to \(ClassNames.foundBytesMax) bytes and no control characters"
    }
    return "\(label.path): `\(name.prefix(100))` is none of the \(label.classesMax) classes that "
      + "schema.label.classes_max lets be found"
  }
}
