import Learning
import Tensors
import Testing
import Vocabulary

@Suite("Attachments by partition")
struct PartAttachmentTests {
  private let learner: Learner
  private let good: [UInt8]

  init() {
    let spec = Case.spec(wide: true)
    var stream = Stream(spec)
    learner = Learner(spec: spec, batchCapacity: 9)
    learner.summation = .byPartition(PartitionTree(count: 6), stretch: 1..<5)
    var parts = BatchParts()
    parts.append(partition: 2, rows: 4)
    parts.append(partition: 4, rows: 5)
    let batch = stream.batch(9)
    learner.predict(batch)
    _ = learner.backward(batch, parts: parts)
    var bytes: [UInt8] = []
    learner.appendAttachment(to: &bytes)
    good = bytes
  }

  private func absorb(_ attachments: [[UInt8]]) throws {
    // One after the other in one buffer, as they come from a socket.
    try attachments.flatMap { $0 }.withUnsafeBytes { all in
      var start = 0
      let views = attachments.map { bytes in
        defer { start += bytes.count }
        return UnsafeRawBufferPointer(rebasing: all[start..<(start + bytes.count)])
      }
      try learner.absorb(attachments: views)
    }
  }

  private func refuses(_ attachments: [[UInt8]]) -> Bool {
    do {
      try absorb(attachments)
      return false
    } catch { return (error as? LearningError)?.code == .damaged }
  }

  private func changed(_ body: (inout [UInt8]) -> Void) -> [UInt8] {
    var bytes = good
    body(&bytes)
    return bytes
  }

  /// Where the second part begins.
  private var second: Int { 8 + 16 + Int(good[16]) + Int(good[17]) << 8 }

  @Test("one is taken, and beside it those of partitions before and behind")
  func taken() throws {
    try absorb([good])
    let none = changed { $0 = Array($0.prefix(4)) + [0, 0, 0, 0] }
    try absorb([none, good, none])
    // Of partitions 0 and 1, then 2 and 4.
    let earlier = changed { bytes in
      bytes[8] = 0
      bytes[second] = 1
    }
    try absorb([earlier, good])
  }

  @Test("is refused in any part of its length, and with more of it")
  func lengths() {
    for length in 0..<good.count { #expect(refuses([Array(good.prefix(length))])) }
    #expect(refuses([good + [UInt8](repeating: 0, count: 16)]))
    #expect(refuses([changed { $0[4] += 1 }]))
    #expect(refuses([changed { $0[4] -= 1 }]))
    #expect(refuses([changed { $0[16] &+= 8 }]))
    #expect(refuses([changed { for place in 16..<24 { $0[place] = 0xFF } }]))
  }

  @Test("is refused with a partition that is none, comes twice, or comes too late")
  func partitions() {
    #expect(good[8] == 2 && good[second] == 4)
    #expect(refuses([changed { $0[second] = 6 }]))
    #expect(refuses([changed { for place in second..<(second + 8) { $0[place] = 0xFF } }]))
    #expect(refuses([changed { $0[second] = 2 }]))
    #expect(refuses([changed { $0[second] = 1 }]))
    #expect(refuses([good, good]))
  }

  @Test("is refused as that of a whole, and that of a whole by partition")
  func kinds() throws {
    #expect(refuses([changed { $0 = Array($0[24...]) }]))
    learner.summation = .whole
    #expect(refuses([good]))
  }

  @Test("takes no more bytes than are told beforehand, whoever holds all partitions")
  func bound() {
    var spec = LearnerSpec(
      numbers: [NumberInput(name: "a")], categories: [CategoryInput(name: "k", buckets: 8, dimension: 3)], hidden: [4],
      wide: true, task: .binary)
    spec.categories.append(CategoryInput(name: "l", buckets: 6, dimension: 5))
    let rank = Learner(spec: spec, batchCapacity: 16)
    rank.summation = .byPartition(PartitionTree(count: 2), stretch: 0..<2)
    let batch = spec.makeBatch(capacity: 16)
    batch.count = 16
    var parts = BatchParts()
    for partition in 0..<2 { parts.append(partition: partition, rows: 8) }
    for row in 0..<16 {
      batch.keys[row] = UInt64(row)
      (batch.categories[2 * row], batch.categories[2 * row + 1]) = (UInt32(row % 8), UInt32(row % 8 % 6))
    }
    rank.predict(batch)
    _ = rank.backward(batch, parts: parts)
    var bytes: [UInt8] = []
    rank.appendAttachment(to: &bytes)
    #expect(bytes.count == rank.touchedBytesMax)
  }
}
