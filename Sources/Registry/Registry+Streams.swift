import Postgres
public import Vocabulary

/// Where the streams of a pipeline begin, and by which records they are known again.
extension Registry {
  /// The offsets at which the partitions of a stream begin, as far as they are decided.
  public func streamStarts(pipeline: Int64, stream: Int) async throws -> [Int32: Int64] {
    try await perform { try $0.streamStarts(pipeline, stream) }
  }

  /// Decides where partitions begin; one that is decided stays as it is, so that a restart skips nothing.
  ///
  /// - Returns: All that is decided, durable.
  public func decideStreamStarts(
    pipeline: Int64, stream: Int, _ starts: [Int32: Int64]
  ) async throws -> [Int32: Int64] {
    try await transaction { session in
      try session.insertStarts(starts, pipeline, stream)
      return try session.streamStarts(pipeline, stream)
    }
  }

  /// The topic was made anew: the lineage goes on in it, from `starts`.
  ///
  /// - Returns: The number of the new stream.
  public func beginStream(pipeline: Int64, starts: [Int32: Int64]) async throws -> Int {
    try await transaction { session in
      let stream = try session.nextNumbers(pipeline).stream
      try session.query(
        "UPDATE pipelines SET stream = $2, updated_at = now() WHERE id = $1", [.int(pipeline), .integer(stream)])
      try session.insertStarts(starts, pipeline, stream)
      try session.announce(.pipeline, pipeline: pipeline)
      return stream
    }
  }

  /// By partition.
  public func streamMarks(pipeline: Int64, stream: Int) async throws -> [StreamMark] {
    try await perform { session in
      try session.query(
        """
        SELECT partition, record_offset, record_time, digest FROM stream_marks
        WHERE pipeline_id = $1 AND stream = $2 ORDER BY partition
        """, [.int(pipeline), .integer(stream)]
      ).map { row in
        StreamMark(
          partition: try row.value("partition"), offset: try row.value("record_offset"),
          time: try row.value("record_time"), digest: UInt64(bitPattern: try row.value("digest")))
      }
    }
  }

  /// Replaces the marks of these partitions.
  public func setStreamMarks(pipeline: Int64, stream: Int, _ marks: [StreamMark]) async throws {
    guard !marks.isEmpty else { return }
    try await perform { session in
      _ = try session.query(
        """
        INSERT INTO stream_marks (pipeline_id, stream, partition, record_offset, record_time, digest)
        SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
        ON CONFLICT (pipeline_id, stream, partition) DO UPDATE SET record_offset = EXCLUDED.record_offset,
          record_time = EXCLUDED.record_time, digest = EXCLUDED.digest, seen_at = now()
        """,
        [
          .int(pipeline), .integer(stream), .ints(marks.map { Int64($0.partition) }), .ints(marks.map(\.offset)),
          .ints(marks.map(\.time)), .ints(marks.map { Int64(bitPattern: $0.digest) }),
        ])
    }
  }
}

extension PostgresSession {
  func streamStarts(_ pipeline: Int64, _ stream: Int) throws -> [Int32: Int64] {
    let rows = try query(
      "SELECT partition, start_offset FROM stream_starts WHERE pipeline_id = $1 AND stream = $2",
      [.int(pipeline), .integer(stream)])
    return try Dictionary(
      uniqueKeysWithValues: rows.map { (try $0.value("partition") as Int32, try $0.value("start_offset") as Int64) })
  }

  func insertStarts(_ starts: [Int32: Int64], _ pipeline: Int64, _ stream: Int) throws {
    let sorted = starts.sorted { $0.key < $1.key }
    try query(
      """
      INSERT INTO stream_starts (pipeline_id, stream, partition, start_offset)
      SELECT $1, $2, * FROM unnest($3::bigint[], $4::bigint[])
      ON CONFLICT (pipeline_id, stream, partition) DO NOTHING
      """,
      [.int(pipeline), .integer(stream), .ints(sorted.map { Int64($0.key) }), .ints(sorted.map(\.value))])
  }
}
