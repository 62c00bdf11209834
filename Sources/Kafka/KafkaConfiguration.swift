/// Something librdkafka reports beside the answers to calls.
public enum KafkaNotice: Sendable {
  /// One of its own log lines; `level` as in syslog, 0 (emergency) to 7 (debug). Secrets are removed.
  case log(level: Int, facility: String, line: String)
  /// A connection or broker problem that it heals by itself, or a commit that failed.
  case trouble(KafkaError)
  /// The JSON of `statistics.interval.ms`, when that property is set.
  case statistics(String)
}

/// How to reach the brokers: their addresses, and any librdkafka properties, passed through.
public struct KafkaConfiguration: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Addresses, `host:port,host:port`.
  public var brokers: String
  /// librdkafka's own names and values (`security.protocol`, `sasl.password` …). Never logged or described.
  public var properties: [String: String]
  /// The name shown in the broker's logs and quotas.
  public var clientID: String
  /// Called from librdkafka's threads and from the client's own; nothing is ever written to stderr instead.
  public var observer: (@Sendable (KafkaNotice) -> Void)?

  public init(
    brokers: String, properties: [String: String] = [:], clientID: String = "retrain",
    observer: (@Sendable (KafkaNotice) -> Void)? = nil
  ) {
    self.brokers = brokers
    self.properties = properties
    self.clientID = clientID
    self.observer = observer
  }

  /// Every property that librdkafka refuses or that the system sets itself, without connecting anywhere.
  ///
  /// - Returns: One error per mistake, in the order of the names; empty when all is well.
  public func mistakes() -> [KafkaError] {
    let conf = KafkaProperties(redactor: redactor)
    return properties.sorted { $0.key < $1.key }.compactMap { name, value in
      do throws(KafkaError) {
        try KafkaProperties.refuseReserved(name)
        try conf.set(name, value)
        return nil
      } catch {
        return error
      }
    }
  }

  public var description: String { "brokers \(brokers), \(properties.count) properties" }
  public var debugDescription: String { description }
  public var customMirror: Mirror { Mirror(self, children: ["brokers": brokers, "clientID": clientID]) }

  var redactor: Redactor { Redactor(properties: properties) }
}

/// Takes the values of secret properties out of texts that leave the door.
struct Redactor: Sendable {
  private let secrets: [String]

  init(properties: [String: String]) {
    let marks = ["password", "secret", "token", "pem", "jaas", "oauthbearer.config", "passphrase", "credential"]
    secrets = properties.filter { name, value in !value.isEmpty && marks.contains { name.contains($0) } }
      .map(\.value).sorted { $0.utf8.count > $1.utf8.count }
  }

  func callAsFunction(_ text: String) -> String {
    var text = text
    for secret in secrets where text.contains(secret) {
      text = text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "***")
    }
    return text
  }
}
