import CPostgres

/// Where a database is: any connection string that libpq understands, checked once. Neither its description nor a dump shows
/// the password.
public struct PostgresAddress: Sendable, CustomStringConvertible, CustomReflectable {
  private let options: [(keyword: String, value: String)]

  /// - Parameter uri: `postgresql://…` or `keyword=value …`.
  /// - Throws: `PostgresError.badAddress`, without repeating the string.
  public init(_ uri: String) throws {
    var problem: UnsafeMutablePointer<CChar>?
    guard let parsed = PQconninfoParse(uri, &problem) else {
      PQfreemem(problem)
      throw PostgresError(.badAddress, "the database's connection string is not one that libpq understands")
    }
    defer { PQconninfoFree(parsed) }
    var options: [(String, String)] = []
    var option = parsed
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { options.append((String(cString: keyword), String(cString: value))) }
      option += 1
    }
    self.options = options
  }

  private init(options: [(String, String)]) { self.options = options }

  /// The same server, another database.
  public func withDatabase(_ name: String) -> PostgresAddress {
    PostgresAddress(options: options.filter { $0.keyword != "dbname" } + [("dbname", name)])
  }

  /// The whole connection string, password included: for a child process or `connect`, never for a log.
  public var connectionString: String {
    options.map { option in
      let escaped = option.value.map { $0 == "'" || $0 == "\\" ? "\\\($0)" : String($0) }.joined()
      return "\(option.keyword)='\(escaped)'"
    }.joined(separator: " ")
  }

  subscript(keyword: String) -> String? { options.first { $0.keyword == keyword }?.value }

  /// What no text may show.
  var secrets: [String] {
    options.filter { ["password", "sslpassword", "passfile"].contains($0.keyword) && !$0.value.isEmpty }.map(\.value)
  }

  /// `user@host:port/database`, as far as they were given.
  public var description: String {
    var text = self["user"].map { $0 + "@" } ?? ""
    text += self["host"] ?? self["hostaddr"] ?? "local"
    if let port = self["port"] { text += ":" + port }
    if let database = self["dbname"] { text += "/" + database }
    return text
  }

  public var customMirror: Mirror { Mirror(self, children: ["address": description]) }

  /// `text` with every secret of this address replaced.
  func redact(_ text: String) -> String {
    secrets.reduce(text) { $0.split(separator: $1, omittingEmptySubsequences: false).joined(separator: "…") }
  }
}
