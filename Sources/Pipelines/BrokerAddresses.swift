/// The addresses of brokers as a person gives them: `host:port,host:port`.
public enum BrokerAddresses {
  /// What is wrong with them, in one sentence; nil: nothing that can be seen from here.
  ///
  /// librdkafka itself takes nearly anything, lets the port 99999 become another, and waits.
  public static func mistake(in text: String) -> String? {
    if text.contains(";") { return "addresses are separated by commas, not semicolons" }
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let address = part.drop { $0 == " " }
      let trimmed = String(address.reversed().drop { $0 == " " }.reversed())
      if let mistake = mistake(inOne: trimmed) { return mistake }
    }
    return nil
  }

  private static let protocols = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"]

  private static func mistake(inOne address: String) -> String? {
    if address.isEmpty { return "an address is empty" }
    var rest = Substring(address)
    if let mark = rest.firstRange(of: "://") {
      let scheme = String(rest[..<mark.lowerBound])
      guard protocols.contains(scheme.lowercased()) else { return "'\(shortened(scheme))://' is no protocol of Kafka" }
      rest = rest[mark.upperBound...]
    }
    // Not shown: it may hold a password.
    if rest.contains("@") {
      return "an address has no user or password; write sasl.username and sasl.password in librdkafka"
    }
    if rest.contains(where: \.isWhitespace) { return "'\(shortened(String(rest)))' has white space in it" }
    if rest.contains("/") { return "'\(shortened(String(rest)))' is no host and port" }
    let (host, port) = split(rest)
    if host.isEmpty { return "'\(shortened(String(rest)))' has no host" }
    guard let port else { return nil }
    guard let number = Int(port), (1...65_535).contains(number) else {
      return "'\(shortened(String(rest)))' has no port from 1 to 65535"
    }
    return nil
  }

  /// - Returns: A nil port where none is given: Kafka's usual one then.
  private static func split(_ address: Substring) -> (host: Substring, port: Substring?) {
    if address.first == "[", let end = address.firstIndex(of: "]") {
      let rest = address[address.index(after: end)...]
      return (address[address.index(after: address.startIndex)..<end], rest.isEmpty ? nil : rest.dropFirst())
    }
    // An IPv6 address without brackets and port.
    if address.count(where: { $0 == ":" }) > 1 { return (address, nil) }
    guard let colon = address.lastIndex(of: ":") else { return (address, nil) }
    return (address[..<colon], address[address.index(after: colon)...])
  }
}
