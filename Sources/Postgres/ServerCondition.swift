/// What keeps a server that is there from its work; none of it is the fault of what was asked.
public enum ServerCondition: Sendable, Hashable, CaseIterable {
  case diskFull, memoryFull, tooManyConnections, starting, readOnly

  /// - Source: PostgreSQL 15 documentation, appendix A.
  var sqlState: String {
    switch self {
    case .diskFull: "53100"
    case .memoryFull: "53200"
    case .tooManyConnections: "53300"
    case .starting: "57P03"
    case .readOnly: "25006"
    }
  }

  init?(sqlState: String?) {
    guard let condition = Self.allCases.first(where: { $0.sqlState == sqlState }) else { return nil }
    self = condition
  }

  /// From the words with which a server turns a connection away: libpq gives no SQLSTATE then.
  init?(words: String) {
    func has(_ parts: String...) -> Bool { parts.contains { words.contains($0) } }
    if has("too many clients", "too many connections", "connection slots are reserved") {
      self = .tooManyConnections
    } else if has("starting up", "shutting down", "in recovery mode", "not yet accepting connections") {
      self = .starting
    } else if has("No space left on device") {
      self = .diskFull
    } else {
      return nil
    }
  }

  /// As the end of “the database …”.
  public var sentence: String {
    switch self {
    case .diskFull: "has no room left on its disk"
    case .memoryFull: "has no memory left"
    case .tooManyConnections: "has no connection left to give (max_connections)"
    case .starting: "is starting, stopping or recovering"
    case .readOnly: "is read-only: a standby, or default_transaction_read_only"
    }
  }
}

extension PostgresError {
  /// What keeps the server from its work; nil: it is away, or something else is wrong.
  public var condition: ServerCondition? {
    if let condition = ServerCondition(sqlState: sqlState) { return condition }
    // A write that fails in the system is “58030”, whatever the reason.
    return sqlState?.hasPrefix("58") == true ? ServerCondition(words: message) : nil
  }
}
