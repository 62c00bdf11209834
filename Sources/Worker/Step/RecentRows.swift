import Tensors

/// This rank's records of one step in 64, for whoever wants to see what the model says of such records. Step thread only.
final class RecentRows {
  let rows: FeatureBatch
  private var stepsLeft = 0
  private static let every = 64

  init(like batch: FeatureBatch) { rows = FeatureBatch(like: batch) }

  /// Looks at a batch that was learned.
  func keep(_ batch: FeatureBatch) {
    guard stepsLeft == 0 || rows.count == 0 else {
      stepsLeft -= 1
      return
    }
    guard batch.count > 0 else { return }
    rows.copyRows(of: batch)
    stepsLeft = Self.every - 1
  }
}
