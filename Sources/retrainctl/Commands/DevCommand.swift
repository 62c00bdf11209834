import Arguments
import Foundation
import Kafka
import Synchronization
import Vocabulary

struct DevCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "dev", abstract: "Handle the local database and broker.",
      subcommands: [DevUpCommand.self, DevDownCommand.self, DevBrokerCommand.self])
  }
}

struct DevUpCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "up", abstract: "Start the local database and broker and leave them running.",
      discussion: """
        Both stay until 'dev down', and every command here uses them meanwhile. What RETRAIN_DATABASE_URL or \
        RETRAIN_KAFKA_BROKERS name is used as it is and not started.
        """)
  }

  @OptionGroup var format: OutputFormat

  func run() async throws {
    // Both or neither: what one of them started alone is not left behind.
    let database = try DatabaseAccess.enter(creates: true)
    let broker: BrokerAccess
    do { broker = try BrokerAccess.enter() } catch {
      try? database.leave()
      throw error
    }
    try database.keepRunning()
    try broker.keepRunning()
    try broker.leave()
    try database.leave()
    if format.json {
      return try Console.say(
        json: [
          "database": database.shownURI, "brokers": broker.addresses,
          "broker": broker.kind?.rawValue ?? "given",
        ])
    }
    Console.say("database  \(database.shownURI)")
    Console.say("brokers   \(broker.addresses)")
  }
}

struct DevDownCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(name: "down", abstract: "Stop what 'dev up' left running.")
  }

  @OptionGroup var format: OutputFormat

  func run() async throws {
    let broker = try BrokerAccess.dismiss()
    let database = try DatabaseAccess.dismiss()
    if format.json { return try Console.say(json: ["database": database, "broker": broker]) }
    for (name, outcome) in [("broker", broker), ("database", database)] {
      switch outcome {
      case .stopped: Console.say("the \(name) was stopped")
      case .stillUsed: Console.say("the \(name) is in use; it stops with the last process that uses it")
      case .wasNotRunning: Console.say("the \(name) was not running")
      }
    }
  }
}

struct DevBrokerCommand: Command {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      name: "broker", abstract: "Run the local broker in the foreground until Ctrl-C.",
      discussion: """
        With KAFKA_HOME it is Apache Kafka, its data under .retrain/kafka. Without, it is the broker that librdkafka \
        carries inside itself: in memory, about 5 MB a partition, older records are dropped. Let the feeder hold back \
        then: retrainctl feed --max-lag. Every command here uses a broker that runs.
        """)
  }

  @Flag(help: "The broker in memory, even with KAFKA_HOME.") var inMemory: Bool
  @Option(valueName: "n", help: "Port on loopback for Apache Kafka; 0: any free one.") var port: Int = 0
  @OptionGroup var format: OutputFormat

  func run() async throws {
    let house = House()
    try house.prepare()
    let alive = try BrokerRecord.lock(house)
    guard alive.tryLock(.exclusive) else {
      let address = try BrokerRecord.running(in: house)?.address
      throw CommandFailure(.unavailable, "a local broker runs already\(address.map { " at \($0)" } ?? "")")
    }
    let stop = DispatchSemaphore(value: 0)
    let signals = StopSignals { _ in stop.signal() }
    defer { signals.cancel() }
    let broker = try await LocalBroker.start(
      kafkaHome: inMemory ? nil : Environment.process.kafkaHome, directory: house.kafka, port: port)
    defer {
      BrokerRecord.remove(in: house)
      alive.unlock()
    }
    let record = BrokerRecord(address: broker.address, kind: broker.kind, processID: getpid())
    try record.write(in: house)
    if format.json { try Console.say(json: record) } else { Console.say(broker.address) }
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        stop.wait()
        continuation.resume()
      }
    }
    try broker.stop()
  }
}
