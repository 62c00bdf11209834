import Arguments
import Vocabulary

/// Where the roles that `start` runs answer Prometheus; its server does so where it serves.
enum MetricsPlaces: Sendable, Equatable, ArgumentValue {
  /// The controller at this port, worker 1 at the next, and so on; port 0: each at any free one.
  case from(HostPort)
  case nowhere

  static let loopback = MetricsPlaces.from(HostPort(host: "127.0.0.1", port: 0))
  static let expectation = "host:port, such as 127.0.0.1:9400, or off"

  init?(argument: String) {
    if argument == "off" {
      self = .nowhere
    } else if let address = HostPort(argument) {
      self = .from(address)
    } else {
      return nil
    }
  }

  var argumentText: String {
    switch self {
    case .from(let address): address.description
    case .nowhere: "off"
    }
  }

  /// - Parameter worker: From 1; nil: the controller.
  /// - Returns: What the role's `--metrics` gets; nil: nothing.
  func address(ofWorker worker: Int? = nil) -> HostPort? {
    guard case .from(let first) = self else { return nil }
    return HostPort(host: first.host, port: first.port == 0 ? 0 : first.port + UInt16(worker ?? 0))
  }

  /// Whether there are ports for so many workers.
  func mistake(workers: Int) -> String? {
    guard case .from(let first) = self, first.port > 0, Int(first.port) + workers > Int(UInt16.max) else { return nil }
    return "--metrics \(first) leaves no ports for \(workers) workers behind it"
  }
}
