import Kafka
import Vocabulary

/// Makes sure that a topic is there.
struct TopicMaker {
  static let patience = Duration.seconds(30)

  private let configuration: KafkaConfiguration
  private let trouble = BrokerTrouble()

  init(_ configuration: KafkaConfiguration) {
    var configuration = configuration
    configuration.observer = trouble.observer
    self.configuration = configuration
  }

  /// Makes `topic` unless it exists; says so where it has another number of partitions than asked for.
  ///
  /// - Parameter partitions: Nil: nobody asked for a number; 4 where it is made.
  /// - Returns: How many it has.
  @discardableResult
  func make(_ topic: String, partitions: Int?) async throws -> Int {
    let count = try await withAdmin {
      try await $0.createTopic(topic, partitions: Int32(clamping: partitions ?? 4), until: .after(Self.patience))
    }
    if let partitions, Int(count) != partitions {
      Console.complain("note: the topic \(topic) has \(count) partitions, not \(partitions)")
    }
    return Int(count)
  }

  /// Deletes `topic`; false where the broker cannot delete topics.
  func delete(_ topic: String) async throws -> Bool {
    do {
      try await withAdmin { try await $0.deleteTopic(topic, until: .after(Self.patience)) }
      return true
    } catch let error as KafkaError where error.code == .unsupported {
      return false
    }
  }

  func withAdmin<Result: Sendable>(_ body: (KafkaAdmin) async throws -> Result) async throws -> Result {
    let admin = try KafkaAdmin(configuration: configuration)
    do {
      let result = try await trouble.telling("the brokers at \(configuration.brokers)", patience: Self.patience) {
        try await body(admin)
      }
      await admin.close()
      return result
    } catch {
      await admin.close()
      throw error
    }
  }
}
