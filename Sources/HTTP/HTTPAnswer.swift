/// What came back for an `HTTPCall`.
public struct HTTPAnswer: Sendable {
  public var status: Int
  public var body: [UInt8]
}
