import Tensors

/// What takes a state, number by number and buffer by buffer, always in the same order.
protocol StateSink {
  mutating func write(_ number: Double)
  mutating func write<Element>(_ buffer: AlignedBuffer<Element>)
}

/// Little-endian numbers into bytes.
struct StateWriter: StateSink {
  private(set) var bytes: [UInt8] = []

  init(capacity: Int) { bytes.reserveCapacity(capacity) }

  mutating func write<Number: FixedWidthInteger>(_ number: Number) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func write(_ number: Double) { write(number.bitPattern) }

  mutating func write(_ text: String) {
    let utf8 = Array(text.utf8)
    write(UInt32(utf8.count))
    bytes.append(contentsOf: utf8)
  }

  mutating func write(raw: UnsafeRawBufferPointer) { bytes.append(contentsOf: raw) }

  /// Its count, then its elements. All supported machines are little-endian.
  mutating func write<Element>(_ buffer: AlignedBuffer<Element>) {
    write(UInt64(buffer.count))
    bytes.append(contentsOf: UnsafeRawBufferPointer(start: buffer.pointer, count: buffer.byteCount))
  }
}

/// The way back; every size is checked before it is used.
struct StateReader {
  private let bytes: UnsafeRawBufferPointer
  private var offset = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private mutating func take(_ count: Int) throws -> UnsafeRawBufferPointer {
    guard count >= 0, count <= bytes.count - offset else {
      throw LearningError(code: .damaged, reason: "the state ends early, at byte \(bytes.count)")
    }
    defer { offset += count }
    return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
  }

  mutating func read<Number: FixedWidthInteger>(_: Number.Type) throws -> Number {
    Number(littleEndian: try take(MemoryLayout<Number>.size).loadUnaligned(as: Number.self))
  }

  mutating func read(_: Double.Type) throws -> Double { Double(bitPattern: try read(UInt64.self)) }

  mutating func readText() throws -> String {
    String(decoding: try take(Int(try read(UInt32.self))), as: UTF8.self)
  }

  /// Where the elements of `buffer` lie: to be copied once the whole state has been checked.
  mutating func read<Element>(like buffer: AlignedBuffer<Element>) throws -> UnsafeRawBufferPointer {
    let count = try read(UInt64.self)
    guard count == UInt64(buffer.count) else {
      throw LearningError(code: .damaged, reason: "the state holds \(count) values where \(buffer.count) belong")
    }
    return try take(buffer.byteCount)
  }

  /// The next bytes, as many as `target` holds, into it.
  mutating func read(into target: UnsafeMutableRawBufferPointer) throws {
    target.copyMemory(from: try take(target.count))
  }

  func finish() throws {
    guard offset == bytes.count else {
      throw LearningError(code: .damaged, reason: "\(bytes.count - offset) bytes follow the state's end")
    }
  }
}
