/// Where a webhook is: a URL that may hold a secret in its user part, path or query, of which people see the beginning alone.
public struct WebhookAddress: Sendable, Hashable {
  /// All of it: for the call, for nothing else.
  public let url: String
  /// As the URL spells it, an IPv6 address in brackets.
  public let host: String
  /// `https://hooks.example.com:8443`
  private let origin: String

  /// nil: not `http://` or `https://` with a host, or characters that no URL has.
  public init?(_ url: String) {
    let schemes = ["https://", "http://"]
    guard let scheme = schemes.first(where: { url.lowercased().hasPrefix($0) }),
      url.utf8.count <= 2000, url.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !#""<>\^`{|}"#.utf8.contains($0) })
    else { return nil }
    let authority = url.dropFirst(scheme.count).prefix { !"/?#".contains($0) }
    // A password may hold an @ that nobody escaped; a host holds none.
    let place = authority.lastIndex(of: "@").map { authority[authority.index(after: $0)...] } ?? authority
    let pattern = /(\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?\.?)(:[0-9]{1,5})?/
    guard let match = place.wholeMatch(of: pattern) else { return nil }
    if let port = match.output.3?.dropFirst(), !(1...65_535).contains(Int(port) ?? 0) { return nil }
    self.url = url
    host = String(match.output.1)
    origin = scheme + place
  }

  /// What logs, status and errors say: `https://hooks.example.com/…`.
  public var shown: String { origin + "/…" }
}
