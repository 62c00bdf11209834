extension Pipeline {
  /// What is no mistake and may still not be what is meant, a sentence each.
  public var advice: [String] {
    source.remarks
      + schema.features.compactMap { feature in
        guard feature.type == .timestamp, feature.origin == nil, feature.normalize == .standard else { return nil }
        return """
          the timestamp `\(feature.name)` becomes a 32-bit float of epoch seconds, which tells present-day times 128 seconds \
          apart; where less matters, write `origin: \(Self.exampleOrigin)` (epoch seconds near your times), which is subtracted first
          """
      }
  }

  /// 2025-01-01.
  private static let exampleOrigin = 1_735_689_600
}
