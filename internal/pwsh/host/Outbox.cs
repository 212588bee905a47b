using System;
using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Threading;

namespace MM;

/// <summary>An entry of a stream, on its way to mm.</summary>
readonly record struct StreamEntry(string Stream, string Text, string Activity = null, int Percent = -1);

/// <summary>Sends frames, from any thread, and stream entries in batches: the thread that sends them takes whatever has
/// come in the meantime, so that a single entry goes out at once and a flood costs few frames.</summary>
sealed class Outbox
{
    const int MaxPendingChars = 4 << 20;
    const int MaxActivities = 16;
    const int ProgressInterval = 100; // ms between two frames of progress

    /// <summary>Escapes only what JSON wants escaped; the reader is no browser.</summary>
    public static readonly JsonWriterOptions Writing = new JsonWriterOptions
    { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    readonly Socket socket;
    readonly object sending = new object(); // held while a frame is built and sent; taken before pending
    readonly object pending = new object();
    List<StreamEntry> entries = new List<StreamEntry>();
    readonly Dictionary<string, StreamEntry> progress = new Dictionary<string, StreamEntry>();
    string owner = ""; // the command that the entries belong to
    int pendingChars;
    long lastProgress;
    Thread sender;

    public Outbox(Socket socket) => this.socket = socket;

    /// <summary>Queues an entry of the running command. Over the bound it is dropped: live entries are a courtesy, and the
    /// result has them too.</summary>
    public void Stream(string id, StreamEntry entry)
    {
        lock (pending)
        {
            if (owner != id)
            {
                entries.Clear();
                progress.Clear();
                pendingChars = 0;
                owner = id;
            }
            if (entry.Activity != null)
            {
                if (progress.Count < MaxActivities || progress.ContainsKey(entry.Activity)) progress[entry.Activity] = entry;
            }
            else if (pendingChars < MaxPendingChars)
            {
                pendingChars += entry.Text.Length + 16;
                entries.Add(entry);
            }
            if (sender == null)
            {
                sender = new Thread(SendEntries) { IsBackground = true, Name = "mm streams" };
                sender.Start();
            }
            Monitor.Pulse(pending);
        }
    }

    void SendEntries()
    {
        for (;;)
        {
            lock (pending)
            {
                while (entries.Count == 0)
                {
                    int wait = progress.Count == 0 ? Timeout.Infinite
                        : (int)Math.Max(0, lastProgress + ProgressInterval - Environment.TickCount64);
                    if (wait == 0) break;
                    Monitor.Wait(pending, wait);
                }
            }
            lock (sending) Flush(false);
        }
    }

    /// <summary>Sends what is queued. sending is held.</summary>
    void Flush(bool all)
    {
        List<StreamEntry> batch;
        string id;
        lock (pending)
        {
            long now = Environment.TickCount64;
            if (progress.Count > 0 && (all || now - lastProgress >= ProgressInterval))
            {
                entries.AddRange(progress.Values);
                progress.Clear();
                lastProgress = now;
            }
            if (entries.Count == 0) return;
            batch = entries;
            id = owner;
            entries = new List<StreamEntry>();
            pendingChars = 0;
        }
        Write(json =>
        {
            json.WriteString("op", "stream");
            json.WriteString("id", id);
            json.WriteStartArray("records");
            for (int i = 0; i < batch.Count; i++)
            {
                StreamEntry entry = batch[i];
                json.WriteStartObject();
                json.WriteString("stream", entry.Stream);
                json.WriteString("text", entry.Stream == "output" ? Joined(batch, ref i) : entry.Text);
                if (entry.Activity != null)
                {
                    json.WriteString("activity", entry.Activity);
                    json.WriteNumber("percent", entry.Percent);
                }
                json.WriteEndObject();
            }
            json.WriteEndArray();
        });
    }

    /// <summary>The text of the output entries from i on that follow each other; i becomes the last of them.</summary>
    static string Joined(List<StreamEntry> batch, ref int i)
    {
        if (i + 1 == batch.Count || batch[i + 1].Stream != "output") return batch[i].Text;
        var text = new StringBuilder(batch[i].Text);
        while (i + 1 < batch.Count && batch[i + 1].Stream == "output") text.Append(batch[++i].Text);
        return text.ToString();
    }

    /// <summary>Sends a frame, after the entries that came before it. It does not return where nobody reads any more.</summary>
    public void Send(Action<Utf8JsonWriter> members)
    {
        lock (sending)
        {
            Flush(true);
            Write(members);
        }
    }

    public void Error(string id, string code, string detail) => Send(json =>
    {
        json.WriteString("op", "error");
        json.WriteString("id", id);
        json.WriteString("code", code);
        json.WriteString("detail", Text.Cut(detail, 1000));
    });

    public void Pong(string id, bool busy) => Send(json =>
    {
        json.WriteString("op", "pong");
        json.WriteString("id", id);
        json.WriteBoolean("busy", busy);
        json.WriteNumber("rss", Environment.WorkingSet);
    });

    void Write(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        buffer.GetSpan(4);
        buffer.Advance(4);
        using (var json = new Utf8JsonWriter(buffer, Writing))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        MemoryMarshal.TryGetArray(buffer.WrittenMemory, out ArraySegment<byte> frame);
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)(frame.Count - 4));
        try
        {
            for (int sent = 0; sent < frame.Count;)
                sent += socket.Send(frame.Array, frame.Offset + sent, frame.Count - sent, SocketFlags.None);
        }
        catch (SocketException) { Native.EndGroup(); }
    }
}
