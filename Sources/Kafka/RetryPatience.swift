/// How long each try of a call may take that is made again and again: the first ones little, so that what librdkafka tells beside
/// (a refused password) is heard of soon. Bounded, for a call may fail at once, hundreds of times.
package struct RetryPatience {
  private static let longest = Duration.seconds(60)
  private var patience = Duration.seconds(2)

  package init() {}

  package mutating func next() -> Duration {
    defer { patience = min(patience * 2, Self.longest) }
    return patience
  }
}
