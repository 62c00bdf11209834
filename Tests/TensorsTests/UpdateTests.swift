import Tensors
import Testing
import Vocabulary

@Suite struct `Norms and modes` {
  @Test func `a norm neither overflows nor vanishes before its gradient does`() {
    let kernels = Kernels.active
    for scale: Float in [1e-25, 1e-3, 1, 1e18, 1e30] {
      let g = AlignedBuffer([Float](repeating: scale, count: 1600))
      let norm = kernels.squaredNorm(count: 1600, g.pointer, inverseCount: 1, limit: .infinity)
      #expect(abs(norm / (1600 * Double(scale) * Double(scale)) - 1) < 1e-5)
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity], [Float.infinity, 0.5])
  func `a bad gradient value shows in the norm, limit or not`(_ bad: Float, _ limit: Float) {
    for kernels in Kernels.available {
      let g = AlignedBuffer([Float](repeating: 1, count: 64))
      g[37] = bad
      #expect(!kernels.squaredNorm(count: 64, g.pointer, inverseCount: 1, limit: limit).isFinite)
    }
  }

  @Test func `subnormal numbers are zero inside and themselves again outside`() {
    func product() -> Float { Float.leastNormalMagnitude.opaque * Float(0.5).opaque }
    #expect(product() != 0)
    withArithmeticMode { #expect(product() == 0) }
    #expect(product() != 0)
  }
}

extension Float {
  @inline(never) fileprivate var opaque: Float {
    withUnsafePointer(to: self) { UnsafeRawPointer($0).loadUnaligned(as: Float.self) }
  }
}

@Suite struct `Tables` {
  @Test(arguments: [0, 1, 5, 64, 65, 1000, 5000])
  func `pairs are sorted by key, equal keys in their order`(_ count: Int) {
    var random = SplitMix64(seed: UInt64(count))
    let buffers = (0..<4).map { _ in AlignedBuffer<UInt32>(count: count) }
    for index in 0..<count {
      buffers[0][index] = UInt32.random(in: 0..<90_000, using: &random) / 100 * 100
      buffers[1][index] = UInt32(index)
    }
    let expected = (0..<count).map { (buffers[0][$0], buffers[1][$0]) }.sorted { $0 < $1 }
    TableKernels.sortPairs(
      count: count, keys: buffers[0].pointer, values: buffers[1].pointer, keyScratch: buffers[2].pointer,
      valueScratch: buffers[3].pointer, keyBits: 17)
    for index in 0..<count { #expect((buffers[0][index], buffers[1][index]) == expected[index]) }
  }

  @Test func `numbers are standardised, clipped, and what is absent or out of range becomes zero`() {
    let numbers: [Float] = [1, .nan, 100, 7, 3, -4, -1e9, 8]
    let x = Matrix(2, 4)
    let scales = ColumnScales(columns: 4)
    let settings: [(mean: Double, inverse: Double)] = [(1, 2), (0, 1), (50, 0.5), (1, 1)]
    for (place, setting) in settings.enumerated() {
      (scales.mean[place], scales.inverse[place]) = setting
      scales.limit[place] = [5, .infinity, 5, 20][place]
      (scales.least[place], scales.most[place]) = place == 3 ? (-7, 7) : (-.infinity, .infinity)
    }
    scales.standardize(rows: 2, numbers, columns: 4, into: x.rows)
    #expect((0..<4).map { x[0, $0] } == [0, 0, 5, 6])
    #expect((0..<4).map { x[1, $0] } == [4, -4, -5, 0])
  }

  @Test func `moments are of the values within the range, and those outside are counted`() {
    let numbers: [Float] = [1, .nan, 3, 9, -1e20, .nan]
    let sums = ColumnSums(columns: 2)
    sums.shift[0] = 2
    for column in 0..<2 { (sums.least[column], sums.most[column]) = (-5, 5) }
    sums.add(rows: 3, numbers, weights: nil)
    let results = [sums.count, sums.sum, sums.square, sums.outside].map { Array($0.buffer) }
    #expect(results == [[2, 0], [0, 0], [2, 0], [1, 1]])
    sums.add(rows: 3, numbers, weights: [1, 5, 3])
    #expect([sums.count, sums.sum, sums.square].map { Array($0.buffer) } == [[6, 0], [4, 0], [6, 0]])
  }

  @Test func `a batch copies rows and traps nothing at its edges`() {
    let from = FeatureBatch(capacity: 2, numberCount: 2, categoryCount: 1)
    from.count = 2
    from.numbers[2] = 7
    from.categories[1] = 5
    from.labels[1] = 1
    let to = FeatureBatch(capacity: 1, numberCount: 2, categoryCount: 1)
    to.count = 1
    to.copyRow(1, of: from, to: 0)
    #expect(to.numbers[0] == 7 && to.categories[0] == 5 && to.labels[0] == 1)
  }
}
