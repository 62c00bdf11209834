import Foundation
import Kafka
import Synchronization
import Testing
import Vocabulary

/// The kinds of broker the suite runs against: the one inside librdkafka always, Apache's when `KAFKA_HOME` names it.
enum BrokerKind: String, CaseIterable, CustomTestStringConvertible {
  case development
  case apache

  static let kafkaHome = ProcessInfo.processInfo.environment["KAFKA_HOME"].flatMap { $0.isEmpty ? nil : $0 }
  static let available: [BrokerKind] = kafkaHome == nil ? [.development] : [.development, .apache]
  var testDescription: String { self == .development ? "development broker" : "Apache Kafka" }
}

/// One broker of each kind for the whole suite, started when first asked for, ended with the process.
actor Brokers {
  static let shared = Brokers()
  private var development: DevBroker?
  private var apache: Task<ApacheBroker, any Error>?

  func bootstrap(_ kind: BrokerKind) async throws -> String {
    switch kind {
    case .development: try developmentBroker().bootstrap
    case .apache: try await apacheBroker().bootstrap
    }
  }

  func developmentBroker() throws -> DevBroker {
    if let development { return development }
    let broker = try DevBroker()
    development = broker
    return broker
  }

  private func apacheBroker() async throws -> ApacheBroker {
    if let apache { return try await apache.value }
    let task = Task { try await startApache(directory: temporaryDirectory("kafka")) }
    apache = task
    let broker = try await task.value
    endAtExit(broker)
    return broker
  }

  /// A topic of its own for one test.
  func makeTopic(_ kind: BrokerKind, partitions: Int32, named prefix: String = "t") async throws -> Topic {
    let name = "\(prefix)-\(UInt32.random(in: .min ... .max))"
    let configuration = KafkaConfiguration(brokers: try await bootstrap(kind))
    if kind == .development {
      try developmentBroker().createTopic(name, partitions: partitions)
    } else {
      try await withAdmin(configuration) {
        _ = try await $0.createTopic(name, partitions: partitions, until: .after(.seconds(20)))
      }
    }
    return Topic(name: name, configuration: configuration)
  }
}

struct Topic: Sendable {
  let name: String
  var configuration: KafkaConfiguration

  func configuration(_ properties: [String: String]) -> KafkaConfiguration {
    var changed = configuration
    changed.properties = properties
    return changed
  }
}

func startApache(directory: String) async throws -> ApacheBroker {
  try await ApacheBroker.start(
    home: try #require(BrokerKind.kafkaHome), directory: directory, heap: "300m", deadline: .after(.seconds(90)))
}

/// What must not be left behind when the process ends.
private let leftovers = Mutex<[ApacheBroker]>([])

/// Ends the broker and deletes its directory at the end of the process, and by the broker's own guard if that is violent.
func endAtExit(_ broker: ApacheBroker) {
  leftovers.withLock { list in
    if list.isEmpty {
      atexit {
        leftovers.withLock { list in
          for broker in list {
            try? broker.stop(deadline: .after(.seconds(10)))
            try? FileManager.default.removeItem(atPath: broker.directory)
          }
        }
      }
    }
    list.append(broker)
  }
}

func temporaryDirectory(_ name: String) -> String {
  let path = NSTemporaryDirectory() + "/retrain-\(name)-\(getpid())-\(UInt32.random(in: .min ... .max))"
  try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  return path
}

func withAdmin<Result: Sendable>(
  _ configuration: KafkaConfiguration, _ body: (KafkaAdmin) async throws -> Result
) async throws -> Result {
  let admin = try KafkaAdmin(configuration: configuration)
  let result: Swift.Result<Result, any Error>
  do { result = .success(try await body(admin)) } catch { result = .failure(error) }
  await admin.close()
  return try result.get()
}

func withProducer<Result: Sendable>(
  _ configuration: KafkaConfiguration, queueBytesMax: Int = 64 << 20,
  _ body: (KafkaProducer) async throws -> Result
) async throws -> Result {
  let producer = try KafkaProducer(configuration: configuration, queueBytesMax: queueBytesMax)
  let result: Swift.Result<Result, any Error>
  do { result = .success(try await body(producer)) } catch { result = .failure(error) }
  await producer.close()
  return try result.get()
}

func withConsumer<Result: Sendable>(
  _ topic: Topic, group: String = "readers", queueBytesMax: Int = 32 << 20,
  _ body: (KafkaConsumer) async throws -> Result
) async throws -> Result {
  let consumer = try KafkaConsumer(
    configuration: topic.configuration, group: group, topic: topic.name, queueBytesMax: queueBytesMax)
  let result: Swift.Result<Result, any Error>
  do { result = .success(try await body(consumer)) } catch { result = .failure(error) }
  await consumer.close()
  return try result.get()
}
