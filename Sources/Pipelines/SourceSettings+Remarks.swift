extension SourceSettings {
  /// What is no mistake, and yet does nothing: settings of a protocol that is not spoken. A password that is never sent looks
  /// like a refused one. One sentence each, without any value.
  public var remarks: [String] {
    let given = librdkafka["security.protocol"]
    let spoken = (given ?? "plaintext").lowercased()
    func silent(_ prefix: String, _ remedy: String) -> [String] {
      librdkafka.keys.sorted().filter { $0.hasPrefix(prefix) }.map {
        "`\($0)` does nothing with security.protocol \(spoken)\(given == nil ? ", which it is unless given" : ""): \(remedy)"
      }
    }
    return (spoken.hasPrefix("sasl") ? [] : silent("sasl.", "add `security.protocol: SASL_SSL`, or SASL_PLAINTEXT"))
      + (spoken.hasSuffix("ssl") ? [] : silent("ssl.", "add `security.protocol: SSL`, or SASL_SSL"))
  }
}
