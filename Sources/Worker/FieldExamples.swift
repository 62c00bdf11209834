import Synchronization
package import Vocabulary

/// One instance of what happened to a field, for people: a value that was refused and its place, or keys that are near.
package struct FieldExample: Sendable, Hashable {
  package let code: FieldCode
  package let text: String

  package init(code: FieldCode, text: String) {
    self.code = code
    self.text = text
  }
}

/// The examples that the consumer's thread found, on their way to the step thread. Bounded: one a code and process.
package final class FieldExamples: Sendable {
  private let news = Mutex<[FieldExample]>([])
  private let isWaiting = Atomic<Bool>(false)

  package init() {}

  package func put(_ example: FieldExample) {
    news.withLock { $0.append(example) }
    isWaiting.store(true, ordering: .releasing)
  }

  /// Asked every step: one load.
  package var hasNews: Bool { isWaiting.load(ordering: .acquiring) }

  package func takeNews() -> [FieldExample] {
    isWaiting.store(false, ordering: .releasing)
    return news.withLock { news in
      defer { news.removeAll() }
      return news
    }
  }
}
