// Sums by partition, which do not depend on how the partitions are dealt out.
extension Learner {
  /// How sums are made; as a whole, unless it is set. Set between steps: it forgets the step in hand.
  public var summation: Summation {
    get { partShares.map { .byPartition($0.tree, stretch: $0.stretch) } ?? .whole }
    set {
      guard newValue != summation else { return }
      discardStep()
      back.sum(by: newValue)
      switch newValue {
      case .whole: partShares = nil
      case .byPartition(let tree, let stretch): partShares = PartShares(share, tree, stretch: stretch)
      }
    }
  }

  /// By part of the batch that `backward` saw last: what it says of the whole.
  public var partSteps: [LocalStep] { back.partSteps }

  /// Shape [nodes × P]: the sums of `summation.nodes`, one behind the other; zeros where one has no rows. `denseGradient` is
  /// the place of the first of them, and takes the sum of all ranks' in the tree's order.
  public var denseNodes: UnsafeMutableBufferPointer<Float> { back.nodes }
}
