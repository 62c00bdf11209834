/// Which part of the vector a rank sends and receives when, on the ring. Pure arithmetic.
///
/// The vector is cut into W chunks. In stage t < 2·(W−1), rank r sends chunk r − t to rank r + 1 and receives chunk
/// r − t − 1 from rank r − 1 (all modulo W). In the first W − 1 stages what arrives is added; after them each chunk is
/// complete somewhere, and in the others what arrives replaces. So chunk c is summed in the order
/// x(c) + x(c+1) + … + x(c−1), once, and copied.
///
/// - Source: Patarasuk & Yuan 2009, bandwidth-optimal all-reduce.
struct RingSchedule: Equatable {
  /// Chunks begin at multiples of a cache line.
  static let alignment = 16

  let count: Int
  let worldSize: Int
  let rank: Int

  var stageCount: Int { 2 * (worldSize - 1) }

  /// The values of chunk `index`, taken modulo the world size.
  func chunk(_ index: Int) -> Range<Int> {
    let place = ((index % worldSize) + worldSize) % worldSize
    return bound(place)..<bound(place + 1)
  }

  private func bound(_ place: Int) -> Int {
    if place == worldSize { return count }
    return count * place / worldSize / Self.alignment * Self.alignment
  }

  func sent(inStage stage: Int) -> Range<Int> { chunk(rank - stage) }
  func received(inStage stage: Int) -> Range<Int> { chunk(rank - stage - 1) }
  /// Whether what arrives in `stage` is added to what is there.
  func adds(inStage stage: Int) -> Bool { stage < worldSize - 1 }
}
