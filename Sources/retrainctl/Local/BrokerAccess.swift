import Foundation
import Pipelines
import Vocabulary

/// The broker of this process: the one that pipeline or environment name, or our share in a local one.
final class BrokerAccess: Sendable {
  let addresses: String
  /// Nil: somebody else's broker.
  private let tenancy: Tenancy?
  private let house: House

  private init(addresses: String, tenancy: Tenancy?, house: House) {
    self.addresses = addresses
    self.tenancy = tenancy
    self.house = house
  }

  /// What runs; nil: somebody else's.
  var kind: BrokerRecord.Kind? {
    guard tenancy != nil else { return nil }
    return (try? BrokerRecord.running(in: house))??.kind
  }

  /// Whether it is the broker inside librdkafka, which forgets.
  var isInMemory: Bool { kind == .memory }

  /// Finds the broker in this order: the pipeline's, the environment's, the one that runs here, a new one here.
  ///
  /// - Parameter mayForget: Whether a broker in memory may be started, which ends with the last process that uses it and
  ///   forgets everything; a feed, which leaves records behind, says no.
  static func enter(
    pipelineBrokers: String? = nil, house: House = House(), environment: Environment = .process,
    mayForget: Bool = true, deadline: Deadline = .after(Tenancy.patience)
  ) throws -> BrokerAccess {
    if let given = pipelineBrokers ?? environment.brokers {
      if pipelineBrokers == nil, let mistake = BrokerAddresses.mistake(in: given) {
        throw CommandFailure(.usage, "RETRAIN_KAFKA_BROKERS is '\(given)': \(mistake)")
      }
      return BrokerAccess(addresses: given, tenancy: nil, house: house)
    }
    let (tenancy, record) = try Tenancy.enter("broker", in: house, deadline: deadline) {
      if let record = try BrokerRecord.running(in: house) { return record }
      guard mayForget || environment.kafkaHome != nil else {
        throw CommandFailure(
          .unavailable,
          "there is no broker: the one in memory, which would be started, ends with this command and forgets the records. "
            + "'retrainctl dev up' first, or name brokers (RETRAIN_KAFKA_BROKERS, or source.brokers of the pipeline)")
      }
      return try startHost(house: house, environment: environment, deadline: deadline)
    }
    return BrokerAccess(addresses: record.address, tenancy: tenancy, house: house)
  }

  /// Starts `retrainctl dev broker` in a session of its own and waits until it answers.
  private static func startHost(
    house: House, environment: Environment, deadline: Deadline
  ) throws -> BrokerRecord {
    if let home = environment.kafkaHome, access(home + "/bin/kafka-server-start.sh", R_OK) != 0 {
      throw CommandFailure(
        .usage,
        "KAFKA_HOME is '\(home)', where there is no bin/kafka-server-start.sh: name the folder of Kafka's "
          + "download, or leave it out for the broker in memory")
    }
    let log = house.root + "/logs/broker.log"
    let host = try ChildProcess(
      arguments: ["dev", "broker"],
      environment: Environment.block(changing: ["RETRAIN_HOME": house.root]), log: log, isDetached: true)
    while !deadline.hasPassed {
      if let record = try BrokerRecord.running(in: house), record.processID == host.processID { return record }
      if let exit = host.exit {
        let why = LogTail.lastComplaint(of: log) ?? LogTail.last(of: log)
        throw CommandFailure(.unavailable, "the local broker ended with \(exit.code): \(why)")
      }
      usleep(20_000)
    }
    host.send(SIGKILL)
    throw CommandFailure(.unavailable, "the local broker did not start in time; its log is \(log)")
  }

  /// Leaves; the last one stops the local broker.
  func leave() throws { try tenancy?.leave { _ = try Self.stopHost(house: house) } }

  func keepRunning() throws { try tenancy?.keep(true) }

  static func dismiss(house: House = House()) throws -> Dismissal {
    guard FileManager.default.fileExists(atPath: house.run) else { return .wasNotRunning }
    return try Tenancy.dismiss("broker", in: house) { try stopHost(house: house) }
  }

  private static func stopHost(house: House) throws -> Bool {
    guard let record = try BrokerRecord.running(in: house) else { return false }
    kill(record.processID, SIGTERM)
    let lock = try BrokerRecord.lock(house)
    do {
      try lock.lock(.shared, deadline: .after(.seconds(40)))
    } catch {
      kill(record.processID, SIGKILL)
      try lock.lock(.shared, deadline: .after(.seconds(5)))
    }
    lock.unlock()
    return true
  }
}
