import Tensors
import Vocabulary

/// A random matrix [inputs × outputs] whose shorter side's vectors are orthonormal, uniform over all such matrices.
///
/// Normal vectors are made orthogonal one after the other by modified Gram–Schmidt, each twice, so that rounding leaves
/// no trace; in double, with sums in one order: the same bits everywhere.
///
/// - Complexity: 4 · shorter² · longer operations, once.
/// - Source: Saxe, McClelland & Ganguli 2014, "Exact solutions to the nonlinear dynamics of learning in deep linear
///   neural networks"; Giraud, Langou & Rozložník 2005 ("twice is enough").
struct OrthogonalMatrix {
  private let vectors: AlignedBuffer<Double>
  private let length: Int
  private let isTall: Bool

  init(inputs: Int, outputs: Int, from random: inout SplitMix64) {
    isTall = inputs >= outputs
    length = max(inputs, outputs)
    let count = min(inputs, outputs)
    vectors = AlignedBuffer(count: max(length * count, 1))
    for index in 0..<count {
      let own = vectors.pointer + index * length
      for place in 0..<length { own[place] = Initialization.normal(&random) }
      for _ in 0..<2 {
        for other in 0..<index { removeShare(of: vectors.pointer + other * length, from: own) }
      }
      let norm = product(own, own).squareRoot()
      for place in 0..<length { own[place] /= norm }
    }
  }

  subscript(input: Int, output: Int) -> Double {
    isTall ? vectors[output * length + input] : vectors[input * length + output]
  }

  private func removeShare(of other: UnsafeMutablePointer<Double>, from own: UnsafeMutablePointer<Double>) {
    let share = product(other, own)
    for place in 0..<length { own[place] -= share * other[place] }
  }

  private func product(_ a: UnsafeMutablePointer<Double>, _ b: UnsafeMutablePointer<Double>) -> Double {
    var sum = 0.0
    for place in 0..<length { sum += a[place] * b[place] }
    return sum
  }
}
