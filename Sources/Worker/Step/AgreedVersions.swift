/// Which frozen versions a step's records count for: those that the first rank asks, as far as every rank with records asked them
/// too. So all ranks count alike, whoever has loaded what.
///
/// It keeps its memory. Step thread only.
struct AgreedVersions {
  /// By version, in the order of the first rank's; by rank: where it stands there, −1: not at all.
  private var places: [Int] = []
  private var ranks = 0
  private(set) var count = 0

  mutating func agree(_ envelopes: [ReceivedEnvelope]) {
    places.removeAll(keepingCapacity: true)
    (ranks, count) = (envelopes.count, envelopes[0].versionCount)
    for version in 0..<count {
      let number = envelopes[0].version(version)
      for envelope in envelopes { places.append(envelope.place(of: number) ?? -1) }
    }
  }

  /// Whether a version counts in this step.
  func counts(_ version: Int, _ envelopes: [ReceivedEnvelope]) -> Bool {
    (0..<ranks).allSatisfy { envelopes[$0].rowCount == 0 || places[version * ranks + $0] >= 0 }
  }

  /// Where a rank's envelope has the losses of a version that counts.
  func place(of version: Int, rank: Int) -> Int { places[version * ranks + rank] }
}
