import Foundation
import Health
import Testing
import Vocabulary

@Suite("Delay sketch")
struct DelaySketchTests {
  @Test("its median is that of the delays, within the factor of two that a bucket is wide")
  func median() throws {
    var random = SplitMix64(seed: 7)
    for middle in [30.0, 5000, 4e6] {
      let delays = (0..<5001).map { _ in middle * exp2(3 * (random.nextUnit() - 0.5)) }
      var sketch = DelaySketch()
      for delay in delays {
        sketch.add(1, bucket: try #require(LabelDelay.bucket(from: 1e9, to: 1e9 + delay)))
      }
      let ratio = try #require(sketch.median) / delays.sorted()[2500]
      #expect(sketch.records == 5001 && (0.5...2).contains(ratio), "\(middle): \(ratio)")
    }
    #expect(DelaySketch().median == nil)
  }

  @Test("comes back from its coding, and what is not as many counts does not")
  func coding() throws {
    var sketch = DelaySketch()
    sketch.add(5, bucket: 3)
    let bytes = try JSONEncoder().encode(sketch)
    #expect(try JSONDecoder().decode(DelaySketch.self, from: bytes) == sketch)
    for text in ["[1]", "[" + Array(repeating: "-1", count: LabelDelay.buckets).joined(separator: ",") + "]"] {
      #expect(throws: DecodingError.self) { try JSONDecoder().decode(DelaySketch.self, from: Data(text.utf8)) }
    }
  }
}
