/// How much a log line matters.
public enum LogLevel: String, Sendable, Hashable, Codable, CaseIterable, Comparable {
  /// Per record.
  case trace
  /// Per batch.
  case debug
  case info
  /// A state changed.
  case notice
  /// Degraded, and healing.
  case warning
  /// A person must act.
  case error

  private var weight: Int {
    switch self {
    case .trace: 0
    case .debug: 1
    case .info: 2
    case .notice: 3
    case .warning: 4
    case .error: 5
    }
  }

  public static func < (left: LogLevel, right: LogLevel) -> Bool { left.weight < right.weight }
}
