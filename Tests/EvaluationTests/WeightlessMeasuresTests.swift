import Evaluation
import Testing

@Suite("Measures of records that weigh nothing")
struct WeightlessMeasuresTests {
  private func measures(weights: [Float]?, count: Int) -> Measures {
    var metrics = StreamMetrics(task: .binary)
    let (outputs, labels) = ([Float](repeating: 0.3, count: count), [Float](repeating: 1, count: count))
    if let weights {
      metrics.add(outputs: outputs, labels: labels, weights: weights, count: count)
    } else {
      metrics.add(outputs: outputs, labels: labels, count: count)
    }
    return Measures(metrics)
  }

  private func told(_ all: Measures?, lately: Measures?) -> String? {
    Measures.warning(ofNoWeight: all, lately: lately) { "\($0)" }
  }

  @Test("a stream whose records all have weight 0 is told from its first record on")
  func all() {
    let none = measures(weights: [0, 0, 0], count: 3)
    #expect(
      told(none, lately: nil)
        == "all 3 records with a label have weight 0: nothing is learned; look at what `schema.weight` reads, or leave it out"
    )
    #expect(told(measures(weights: [0, 0.1, 0], count: 3), lately: nil) == nil)
    #expect(told(measures(weights: nil, count: 3), lately: nil) == nil)
    #expect(told(measures(weights: [], count: 0), lately: nil) == nil)
  }

  @Test("and one that weighs nothing of late, where that is no accident")
  func lately() {
    let all = measures(weights: nil, count: 1000)
    #expect(told(all, lately: measures(weights: Array(repeating: 0, count: 99), count: 99)) == nil)
    #expect(
      told(all, lately: measures(weights: Array(repeating: 0, count: 100), count: 100))?.hasPrefix("the last 100")
        == true)
  }
}
