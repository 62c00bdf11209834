import Kafka
import Pipelines
import Vocabulary

/// Makes sure that a topic is there, and says so where it was not: a name with a typing error makes a topic too.
struct TopicMaker {
  static let patience = Duration.seconds(30)
  /// Of a topic that is made, where nobody asked for another number.
  private static let partitionsUsual = 4

  let configuration: KafkaConfiguration

  private let trouble = BrokerTrouble()

  init(_ configuration: KafkaConfiguration) {
    var configuration = configuration
    configuration.observer = trouble.observer
    self.configuration = configuration
  }

  /// Makes `topic` unless it exists; says what it made, which topics are near, and where one has another number of
  /// partitions than asked for.
  ///
  /// - Parameter partitions: Nil: nobody asked for a number.
  /// - Parameter creates: False: one that is not there is refused.
  /// - Parameter isDeadLetters: It belongs to a source topic: no other is near, and any number of partitions will do.
  /// - Returns: How many it has.
  @discardableResult
  func make(_ topic: String, partitions: Int?, creates: Bool = true, isDeadLetters: Bool = false) async throws -> Int {
    try await withAdmin { admin in
      let deadline = Deadline.after(Self.patience)
      let count: Int32
      do {
        count = try await admin.partitionCount(topic: topic, until: deadline)
      } catch let error as KafkaError where error.code == .unknownTopic {
        return try await makeMissing(
          topic, partitions: partitions ?? Self.partitionsUsual, creates: creates, isDeadLetters: isDeadLetters, admin,
          until: deadline)
      }
      if let partitions, Int(count) != partitions, !isDeadLetters {
        Console.complain("note: the topic \(topic) has \(count) partitions, not \(partitions)")
      }
      return Int(count)
    }
  }

  func exists(_ topic: String) async throws -> Bool {
    try await withAdmin { admin in
      do {
        _ = try await admin.partitionCount(topic: topic, until: .after(Self.patience))
        return true
      } catch let error as KafkaError where error.code == .unknownTopic {
        return false
      }
    }
  }

  private func makeMissing(
    _ topic: String, partitions: Int, creates: Bool, isDeadLetters: Bool, _ admin: KafkaAdmin, until deadline: Deadline
  ) async throws -> Int {
    let near = isDeadLetters ? nil : try? await nearestTopic(to: topic, admin, until: deadline)
    let hint = near.map { "; there is a topic \($0): did you mean that?" } ?? ""
    let what = isDeadLetters ? "the dead-letter topic \(topic)" : "the topic \(topic)"
    guard creates else {
      throw CommandFailure(
        .unavailable,
        "\(what) is not there, and source.create is false\(hint.isEmpty ? "; make it, or allow it" : hint)")
    }
    let count: Int32
    do {
      count = try await admin.createTopic(topic, partitions: Int32(clamping: partitions), until: deadline)
    } catch let error as KafkaError where error.code == .authorization {
      throw CommandFailure(
        .unavailable, "\(what) is not there, and this user may not make it\(hint): \(error.description)")
    }
    Console.complain(
      "note: \(what) was not there and was made, with \(count) partition\(count == 1 ? "" : "s")\(hint)")
    return Int(count)
  }

  /// The topic that a mistyped name may have meant.
  private func nearestTopic(
    to topic: String, _ admin: KafkaAdmin, until deadline: Deadline
  ) async throws -> String? {
    nearest(to: topic, among: try await admin.topicNames(until: deadline).filter { $0 != topic })
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
