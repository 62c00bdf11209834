import Tensors
import Vocabulary

/// Looks at a recipe's state after each step, a stretch at a time, and at what every step changes: ranks that hold the same can
/// see that they do.
final class RecipeWatch {
  private static let stretch = 4096
  private static let blockBytes = 1 << 14

  /// After a step.
  func digest(_ parameters: RecipeParameters, _ memory: RecipeMemory) -> UInt64 {
    var digest = Digest(seed: UInt64(bitPattern: parameters.step))
    Self.addNumbers(parameters, memory, to: &digest)
    var size = 0
    Self.forEachPart(parameters, memory) { size += $1.count }
    let place = Int(parameters.step % Int64(max(1, (size + Self.stretch - 1) / Self.stretch)))
    var (first, end) = (place * Self.stretch, (place + 1) * Self.stretch)
    Self.forEachPart(parameters, memory) { _, bytes in
      if first < bytes.count, end > 0 {
        digest.add(UnsafeRawBufferPointer(rebasing: bytes[max(0, first)..<min(end, bytes.count)]))
      }
      (first, end) = (first - bytes.count, end - bytes.count)
      if first < 0, end > 0 { first = 0 }
    }
    return digest.value
  }

  /// Of all of the state.
  static func blocks(_ parameters: RecipeParameters, _ memory: RecipeMemory) -> StateBlocks {
    var (parts, digests) = ([StateBlocks.Part](), [UInt64]())
    forEachPart(parameters, memory) { name, bytes in
      let first = digests.count
      for start in stride(from: 0, to: bytes.count, by: blockBytes) {
        var digest = Digest()
        digest.add(UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + blockBytes, bytes.count)]))
        digests.append(digest.value)
      }
      parts.append(StateBlocks.Part(name: name, blocks: first..<digests.count))
    }
    var digest = Digest(seed: UInt64(bitPattern: parameters.step))
    addNumbers(parameters, memory, to: &digest)
    digests.append(digest.value)
    parts.append(
      StateBlocks.Part(name: "step and counts", blocks: (digests.count - 1)..<digests.count))
    return StateBlocks(parts: parts, digests: digests)
  }

  private static func forEachPart(
    _ parameters: RecipeParameters, _ memory: RecipeMemory, _ body: (String, UnsafeMutableRawBufferPointer) -> Void
  ) {
    parameters.forEachPart(body)
    memory.forEachPart(body)
  }

  private static func addNumbers(
    _ parameters: RecipeParameters, _ memory: RecipeMemory, to digest: inout Digest
  ) {
    digest.add(UInt64(bitPattern: parameters.learned))
    digest.add(UInt64(bitPattern: parameters.inputs.records))
    digest.add(UInt64(parameters.inputs.rowCount))
    digest.add(UInt64(bitPattern: memory.labels))
    digest.add(UInt64(bitPattern: parameters.ring?.stored ?? 0))
    digest.add(UnsafeRawBufferPointer(parameters.worth.buffer))
    digest.add(UnsafeRawBufferPointer(parameters.labels.buffer))
    for case .deep(let deep) in parameters.members {
      digest.add(UnsafeRawBufferPointer(deep.dense.buffer))
    }
  }
}
