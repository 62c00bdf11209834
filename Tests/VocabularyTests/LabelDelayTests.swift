import Testing
import Vocabulary

@Suite("Delay of a label")
struct LabelDelayTests {
  @Test("a bucket takes a power of two of seconds up to the next")
  func buckets() {
    for (seconds, bucket) in [(0.0, 0), (0.999, 0), (1, 1), (1.999, 1), (2, 2), (3600, 12), (86_400, 17)] {
      #expect(LabelDelay.bucket(from: 1_357_036_140, to: 1_357_036_140 + seconds) == bucket, "\(seconds)")
    }
  }

  @Test("a label before its event has no delay, one of another age the longest, and without both times there is none")
  func ends() {
    #expect(LabelDelay.bucket(from: 10, to: 5) == 0)
    #expect(LabelDelay.bucket(from: -1e11, to: 1e11) == LabelDelay.buckets - 1)
    #expect(LabelDelay.bucket(from: .nan, to: 5) == nil && LabelDelay.bucket(from: 5, to: .nan) == nil)
  }
}
