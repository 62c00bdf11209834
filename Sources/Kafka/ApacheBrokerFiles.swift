import Foundation
import Vocabulary

/// The files of one broker's directory: `server.properties`, `data/`, `log`, `pid`, `logs/`.
struct ApacheBrokerFiles {
  let directory: String
  var properties: String { "\(directory)/server.properties" }
  var log: String { "\(directory)/log" }
  private var pidFile: String { "\(directory)/pid" }

  init(directory: String) {
    self.directory = URL(fileURLWithPath: directory).standardizedFileURL.path
  }

  var isFormatted: Bool { FileManager.default.fileExists(atPath: "\(directory)/data/meta.properties") }

  /// Makes the directory and writes the properties, with the ports of the last start where they are still free.
  func prepare(home: String, port: Int?) throws {
    for script in ["kafka-storage.sh", "kafka-server-start.sh"]
    where !FileManager.default.isExecutableFile(atPath: "\(home)/bin/\(script)") {
      throw KafkaError(code: .localBroker, reason: "\(home) is not a home of Apache Kafka: bin/\(script) is missing")
    }
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
      let ports = try choosePorts(wanted: port)
      try text(clientPort: ports.client, controllerPort: ports.controller)
        .write(toFile: properties, atomically: true, encoding: .utf8)
    } catch let error as KafkaError {
      throw error
    } catch {
      throw KafkaError(code: .localBroker, reason: "\(directory) cannot be written: \(error.localizedDescription)")
    }
  }

  private func choosePorts(wanted: Int?) throws(KafkaError) -> (client: Int, controller: Int) {
    if let (client, controller) = storedPorts(), wanted == nil || wanted == client, LoopbackPorts.isFree(client),
      LoopbackPorts.isFree(controller)
    {
      return (client, controller)
    }
    if let wanted {
      guard LoopbackPorts.isFree(wanted) else {
        throw KafkaError(code: .localBroker, reason: "port \(wanted) on 127.0.0.1 is taken")
      }
      return (wanted, try LoopbackPorts.free(1)[0])
    }
    let ports = try LoopbackPorts.free(2)
    return (ports[0], ports[1])
  }

  private func storedPorts() -> (client: Int, controller: Int)? {
    guard let text = try? String(contentsOfFile: properties, encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("listeners=") })
    else { return nil }
    let ports = line.split(separator: ",").compactMap { $0.split(separator: ":").last.flatMap { Int($0) } }
    return ports.count == 2 ? (ports[0], ports[1]) : nil
  }

  func bootstrap() throws(KafkaError) -> String {
    guard let ports = storedPorts() else {
      throw KafkaError(code: .localBroker, reason: "\(properties) names no listener")
    }
    return "127.0.0.1:\(ports.client)"
  }

  private func text(clientPort: Int, controllerPort: Int) -> String {
    """
    process.roles=broker,controller
    node.id=1
    controller.quorum.bootstrap.servers=127.0.0.1:\(controllerPort)
    listeners=PLAINTEXT://127.0.0.1:\(clientPort),CONTROLLER://127.0.0.1:\(controllerPort)
    advertised.listeners=PLAINTEXT://127.0.0.1:\(clientPort)
    controller.listener.names=CONTROLLER
    listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
    log.dirs=\(directory)/data
    num.partitions=4
    auto.create.topics.enable=false
    offsets.topic.num.partitions=1
    offsets.topic.replication.factor=1
    transaction.state.log.num.partitions=1
    transaction.state.log.replication.factor=1
    transaction.state.log.min.isr=1
    share.coordinator.state.topic.num.partitions=1
    share.coordinator.state.topic.replication.factor=1
    share.coordinator.state.topic.min.isr=1
    group.initial.rebalance.delay.ms=0
    log.cleaner.dedupe.buffer.size=8388608

    """
  }

  func write(processIdentifier: Int32) throws(KafkaError) {
    do {
      try "\(processIdentifier)\n".write(toFile: pidFile, atomically: true, encoding: .utf8)
    } catch {
      throw KafkaError(code: .localBroker, reason: "\(pidFile) cannot be written")
    }
  }

  func forgetProcess() { try? FileManager.default.removeItem(atPath: pidFile) }

  /// The process of the pid file, if it is there and runs this directory's broker (a number is used again by others).
  func runningProcess() -> Int32? {
    guard let text = try? String(contentsOfFile: pidFile, encoding: .utf8),
      let identifier = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)), identifier > 1,
      ChildProcess.exitStatus(of: identifier) == nil,
      let command = FileManager.default.contents(atPath: "/proc/\(identifier)/cmdline"),
      String(decoding: command, as: UTF8.self).contains(properties)
    else { return nil }
    return identifier
  }

  /// The last lines of the log.
  var logTail: String {
    guard let text = FileManager.default.contents(atPath: log).map({ String(decoding: $0.suffix(8192), as: UTF8.self) })
    else { return "" }
    return text.split(separator: "\n").suffix(15).joined(separator: "\n")
  }

  /// 16 random bytes in base 64 as Kafka writes its identifiers.
  static func newClusterID() -> String {
    while true {
      let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
      let text = Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
        .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
      // A leading dash would read as an option.
      if !text.hasPrefix("-") { return text }
    }
  }
}
