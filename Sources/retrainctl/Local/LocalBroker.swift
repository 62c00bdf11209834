import Foundation
import Kafka
import Vocabulary

/// A broker inside or under this process.
enum LocalBroker {
  case apache(ApacheBroker)
  case memory(DevBroker)

  /// - Parameter kafkaHome: Where Apache Kafka lies; nil: the broker inside librdkafka.
  static func start(kafkaHome: String?, directory: String, port: Int) async throws -> LocalBroker {
    guard let kafkaHome else { return .memory(try DevBroker()) }
    return .apache(
      try await ApacheBroker.start(
        home: kafkaHome, directory: directory, port: port == 0 ? nil : port, deadline: .after(.seconds(60))))
  }

  var address: String {
    switch self {
    case .apache(let broker): broker.bootstrap
    case .memory(let broker): broker.bootstrap
    }
  }

  var kind: BrokerRecord.Kind {
    switch self {
    case .apache: .apache
    case .memory: .memory
    }
  }

  func stop() throws {
    switch self {
    case .apache(let broker): try broker.stop(deadline: .after(.seconds(30)))
    case .memory(let broker): broker.close()
    }
  }
}
