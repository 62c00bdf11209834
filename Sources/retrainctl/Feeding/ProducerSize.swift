/// How large a record the producer of a feed takes, and the properties that say so.
struct ProducerSize {
  /// With its key; bytes.
  let bytesMax: Int
  let properties: [String: String]

  /// As much as a broker takes by default.
  static let usual = 1 << 20
  private static let names = ["message.max.bytes"]

  /// - Parameters:
  ///   - properties: Of the pipeline; one that gives the size itself is followed.
  ///   - wanted: What the reader takes, or the person wants; nil: nobody said.
  init(properties: [String: String], wanted: Int?) {
    var properties = properties
    if let given = Self.names.compactMap({ properties[$0] }).first.flatMap({ Int($0) }) {
      bytesMax = given
    } else {
      // Room for a key.
      bytesMax = max(Self.usual, wanted.map { min($0 + 4096, 1_000_000_000) } ?? 0)
      if bytesMax > Self.usual { properties["message.max.bytes"] = String(bytesMax) }
    }
    self.properties = properties
  }
}
