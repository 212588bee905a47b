using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Net.Sockets;
using System.Text.Json;

namespace MM;

/// <summary>Reads frames: four bytes of big-endian length, then that many bytes of JSON.</summary>
sealed class Inbox
{
    public const int MaxFrame = 64 << 20;
    readonly Socket socket;
    readonly byte[] head = new byte[4];
    readonly byte[] buffer = new byte[4096]; // most frames come whole with one call of the system
    int begin, end; // of what is in it

    public Inbox(Socket socket) => this.socket = socket;

    /// <summary>The next frame, or null when the connection is over or what comes is no frame.</summary>
    public byte[] Next()
    {
        if (!Fill(head)) return null;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(head);
        if (length > MaxFrame) return null;
        var body = new byte[length];
        return Fill(body) ? body : null;
    }

    bool Fill(byte[] wanted)
    {
        int have = 0;
        try
        {
            while (have < wanted.Length)
            {
                if (begin == end && wanted.Length - have < buffer.Length)
                {
                    begin = 0;
                    end = socket.Receive(buffer);
                    if (end == 0) return false;
                }
                int n = Math.Min(end - begin, wanted.Length - have);
                if (n > 0)
                {
                    Buffer.BlockCopy(buffer, begin, wanted, have, n);
                    begin += n;
                }
                else
                {
                    n = socket.Receive(wanted, have, wanted.Length - have, SocketFlags.None);
                    if (n == 0) return false;
                }
                have += n;
            }
            return true;
        }
        catch (SocketException) { return false; }
    }
}

/// <summary>A frame from mm. Which members count depends on Op; see frame.Request in Go.</summary>
sealed class Request
{
    public string Op = "", Id = "", Script = "", Format = "text", Module = "", Command = "";
    public int Width = 120, Depth = 4, MaxItems = 5000, MaxChars = 32 << 20;
    public bool Live;
    public readonly Dictionary<string, object> Parameters = new Dictionary<string, object>();
    public readonly List<string> Select = new List<string>();

    public bool WantsText => Format != "json";
    public bool WantsObjects => Format != "text";

    public static Request Parse(byte[] frame)
    {
        using var document = JsonDocument.Parse(frame);
        var request = new Request();
        foreach (JsonProperty member in document.RootElement.EnumerateObject())
        {
            JsonElement value = member.Value;
            switch (member.Name)
            {
                case "op": request.Op = value.GetString(); break;
                case "id": request.Id = value.GetString(); break;
                case "script": request.Script = value.GetString(); break;
                case "format": request.Format = value.GetString(); break;
                case "width": request.Width = Math.Clamp(value.GetInt32(), 20, 10000); break;
                case "depth": request.Depth = Math.Clamp(value.GetInt32(), 1, 32); break;
                case "max_items": request.MaxItems = Math.Max(value.GetInt32(), 0); break;
                case "max_chars": request.MaxChars = Math.Max(value.GetInt32(), 0); break;
                case "live": request.Live = value.GetBoolean(); break;
                case "module": request.Module = value.GetString(); break;
                case "command": request.Command = value.GetString(); break;
                case "parameters":
                case "secrets":
                    foreach (JsonProperty p in value.EnumerateObject()) request.Parameters[p.Name] = Plain(p.Value);
                    break;
                case "select":
                    foreach (JsonElement path in value.EnumerateArray()) request.Select.Add(path.GetString());
                    break;
            }
        }
        return request;
    }

    /// <summary>The id of a frame that Parse refused, where it has one, so that its sender gets an answer.</summary>
    public static string IdOf(byte[] frame)
    {
        try
        {
            using var document = JsonDocument.Parse(frame);
            return document.RootElement.GetProperty("id").GetString() ?? "";
        }
        catch (Exception) { return ""; }
    }

    /// <summary>A JSON value as the .NET object that binds to a parameter.</summary>
    static object Plain(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.String: return value.GetString();
            case JsonValueKind.True: return true;
            case JsonValueKind.False: return false;
            case JsonValueKind.Number: return value.TryGetInt64(out long n) ? n : value.GetDouble();
            case JsonValueKind.Array:
                var items = new List<object>();
                foreach (JsonElement item in value.EnumerateArray()) items.Add(Plain(item));
                return items.ToArray();
            case JsonValueKind.Object:
                var table = new System.Collections.Hashtable(StringComparer.OrdinalIgnoreCase);
                foreach (JsonProperty p in value.EnumerateObject()) table[p.Name] = Plain(p.Value);
                return table;
            default: return null;
        }
    }
}
