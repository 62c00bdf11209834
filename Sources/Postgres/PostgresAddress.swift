import CPostgres

/// Where a database is: any connection string that libpq understands, checked once. Neither its description nor a dump shows
/// the password.
public struct PostgresAddress: Sendable, CustomStringConvertible, CustomReflectable {
  private let options: [(keyword: String, value: String)]

  /// - Parameter uri: `postgresql://…` or `keyword=value …`.
  /// - Throws: `PostgresError.badAddress`, without repeating the string.
  public init(_ uri: String) throws {
    var problem: UnsafeMutablePointer<CChar>?
    guard !Self.isTorn(uri), let parsed = PQconninfoParse(uri, &problem) else {
      PQfreemem(problem)
      throw Self.unreadable
    }
    defer { PQconninfoFree(parsed) }
    var options: [(String, String)] = []
    var option = parsed
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val { options.append((String(cString: keyword), String(cString: value))) }
      option += 1
    }
    self.options = options
    // Here and not when it connects: libpq's words hold the part of a password that it takes for the port.
    guard Self.arePorts(self["port"] ?? "") else { throw Self.unreadable }
  }

  /// Whether a URI has an @ behind its first one or in the path: libpq takes the password to end at the first, and what
  /// follows for host and database, which are no secrets.
  private static func isTorn(_ uri: String) -> Bool {
    guard let scheme = ["postgresql://", "postgres://"].first(where: { uri.hasPrefix($0) }) else { return false }
    let (at, slash, question) = (UInt8(ascii: "@"), UInt8(ascii: "/"), UInt8(ascii: "?"))
    let rest = uri.utf8.dropFirst(scheme.utf8.count)
    let host = rest.drop { $0 != at }.dropFirst().prefix { $0 != slash && $0 != question }
    let path = rest.drop { $0 != slash }.prefix { $0 != question }
    return host.contains(at) || path.contains(at)
  }

  /// Of several hosts, a port each; nothing is the usual one.
  private static func arePorts(_ text: String) -> Bool {
    text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { port in
      port.isEmpty || Int(port).map { (1...65535).contains($0) } == true
    }
  }

  private static let unreadable = PostgresError(
    .badAddress,
    "the database's connection string is not one that libpq understands "
      + "(in a password, : / ? # @ and % are written %3A %2F %3F %23 %40 and %25)")

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
