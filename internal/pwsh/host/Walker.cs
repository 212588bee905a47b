using System;
using System.Buffers;
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Management.Automation;
using System.Security;
using System.Text.Json;

namespace MM;

/// <summary>Turns output objects into a JSON array, within caps for depth, items, string length and bytes. It follows no
/// cycle, survives getters that throw, and redacts secrets.</summary>
sealed class Walker
{
    const int MaxString = 4 << 20, MaxBytes = 1 << 20, MaxMembers = 1000, MaxNamed = 100;

    readonly ArrayBufferWriter<byte> buffer;
    readonly Utf8JsonWriter json;
    readonly ArrayBufferWriter<byte> scratch = new ArrayBufferWriter<byte>();
    readonly Utf8JsonWriter item;
    readonly int maxDepth, maxItems;
    readonly long maxBytes;
    readonly List<object> path = new List<object>(); // from the root to where the walk is

    public Walker(ArrayBufferWriter<byte> buffer, int maxDepth, int maxItems, long maxBytes)
    {
        this.buffer = buffer;
        this.maxDepth = maxDepth;
        this.maxItems = maxItems;
        this.maxBytes = maxBytes;
        json = new Utf8JsonWriter(buffer, Outbox.Writing);
        item = new Utf8JsonWriter(scratch, Outbox.Writing);
        json.WriteStartArray();
    }

    /// <summary>Appends an object, or of it just the selected properties. False where it does not fit any more.</summary>
    public bool Add(PSObject value, List<string> select)
    {
        scratch.Clear();
        item.Reset(scratch);
        path.Clear();
        if (select.Count > 0) Selected(value, select);
        else Value(value, 0);
        item.Flush();
        if (json.BytesCommitted + json.BytesPending + Size > maxBytes) return false;
        json.WriteRawValue(scratch.WrittenSpan, true);
        return true;
    }

    /// <summary>Ends the array and returns it.</summary>
    public ReadOnlySpan<byte> Finish()
    {
        json.WriteEndArray();
        json.Flush();
        return buffer.WrittenSpan;
    }

    void Selected(PSObject value, List<string> select)
    {
        item.WriteStartObject();
        foreach (string dotted in select)
        {
            object at = value;
            foreach (string name in dotted.Split('.')) at = at == null ? null : Member(at, name);
            item.WritePropertyName(dotted);
            Value(at, 1);
        }
        item.WriteEndObject();
    }

    static object Member(object of, string name)
    {
        try
        {
            if ((of is PSObject o ? o.BaseObject : of) is IDictionary table) return table[name];
            return PSObject.AsPSObject(of).Properties[name]?.Value;
        }
        catch (Exception) { return null; }
    }

    void Value(object value, int depth)
    {
        object plain = value is PSObject wrapped ? wrapped.BaseObject : value;
        if (Scalar(plain)) return;
        object identity = plain is PSCustomObject ? value : plain; // all custom objects have the same base object
        if (depth >= maxDepth || IsOnPath(identity) || Size > maxBytes)
        {
            item.WriteStringValue(Name(value));
            return;
        }
        path.Add(identity);
        if (plain is IDictionary table) Table(table, depth);
        else if (plain is IEnumerable list && !(plain is PSCustomObject)) List(list, depth);
        else Members(PSObject.AsPSObject(value), depth);
        path.RemoveAt(path.Count - 1);
    }

    long Size => item.BytesCommitted + item.BytesPending;

    bool IsOnPath(object value)
    {
        foreach (object outer in path) if (ReferenceEquals(outer, value)) return true;
        return false;
    }

    /// <summary>Writes what has no members of interest; false for others.</summary>
    bool Scalar(object value)
    {
        switch (value)
        {
            case null or DBNull: item.WriteNullValue(); break;
            case string text: item.WriteStringValue(Text.Cut(text, MaxString)); break;
            case bool flag: item.WriteBooleanValue(flag); break;
            case SwitchParameter flag: item.WriteBooleanValue(flag.IsPresent); break;
            case char c: item.WriteStringValue(c.ToString()); break;
            case Enum e: item.WriteStringValue(e.ToString()); break;
            case int n: item.WriteNumberValue(n); break;
            case long n: item.WriteNumberValue(n); break;
            case byte n: item.WriteNumberValue(n); break;
            case sbyte n: item.WriteNumberValue(n); break;
            case short n: item.WriteNumberValue(n); break;
            case ushort n: item.WriteNumberValue(n); break;
            case uint n: item.WriteNumberValue(n); break;
            case ulong n: item.WriteNumberValue(n); break;
            case decimal n: item.WriteNumberValue(n); break;
            case double n when double.IsFinite(n): item.WriteNumberValue(n); break;
            case float n when float.IsFinite(n): item.WriteNumberValue(n); break;
            case DateTime t: item.WriteStringValue(t.ToString("O", CultureInfo.InvariantCulture)); break;
            case DateTimeOffset t: item.WriteStringValue(t.ToString("O", CultureInfo.InvariantCulture)); break;
            case DateOnly or TimeOnly: item.WriteStringValue(((IFormattable)value).ToString("O", CultureInfo.InvariantCulture)); break;
            case SecureString: item.WriteStringValue("[redacted]"); break;
            case PSCredential c: item.WriteStringValue("[redacted credential of " + c.UserName + "]"); break;
            case byte[] bytes: item.WriteBase64StringValue(bytes.AsSpan(0, Math.Min(bytes.Length, MaxBytes))); break;
            case ScriptBlock or Type or System.Reflection.MemberInfo or Delegate or System.Reflection.Assembly:
                item.WriteStringValue(Text.Cut(Name(value), 4096));
                break;
            case System.Xml.XmlNode xml: item.WriteStringValue(Text.Cut(xml.OuterXml, MaxString)); break;
            case IFormattable or Uri or Version or System.Text.StringBuilder or System.Numerics.BigInteger
                or System.Net.IPAddress or SemanticVersion or System.Net.Mail.MailAddress:
                item.WriteStringValue(Text.Cut(Name(value), MaxString));
                break;
            default: return false;
        }
        return true;
    }

    void Table(IDictionary table, int depth)
    {
        item.WriteStartObject();
        int count = 0;
        try
        {
            foreach (DictionaryEntry entry in table)
            {
                if (count++ >= maxItems) break;
                item.WritePropertyName(Text.Cut(Name(entry.Key), 1000));
                Value(entry.Value, depth + 1);
            }
        }
        catch (Exception e) when (!Fatal(e)) { item.WriteString("$error", Text.Cut(e.Message, 1000)); }
        item.WriteEndObject();
    }

    void List(IEnumerable list, int depth)
    {
        item.WriteStartArray();
        int count = 0;
        try
        {
            foreach (object element in list)
            {
                if (count++ >= maxItems || Size > maxBytes) break;
                Value(element, depth + 1);
            }
        }
        catch (Exception e) when (!Fatal(e)) { item.WriteStringValue("[" + Text.Cut(e.Message, 1000) + "]"); }
        item.WriteEndArray();
    }

    void Members(PSObject value, int depth)
    {
        item.WriteStartObject();
        int count = 0;
        foreach (PSPropertyInfo property in value.Properties)
        {
            if (!property.IsGettable || count++ >= MaxMembers) continue;
            object of;
            string problem = null;
            try { of = property.Value; }
            catch (Exception e) when (!Fatal(e))
            {
                of = null;
                problem = (e.InnerException ?? e).Message;
            }
            item.WritePropertyName(property.Name);
            Value(of, depth + 1);
            if (problem != null) item.WriteString(property.Name + "$error", Text.Cut(problem, 1000));
        }
        item.WriteEndObject();
    }

    /// <summary>What PowerShell would print for the value inside of a string; of a long list just its type.</summary>
    static string Name(object value)
    {
        try
        {
            object plain = value is PSObject wrapped ? wrapped.BaseObject : value;
            if (plain is PSCustomObject) return value.ToString();
            if (plain is not ICollection { Count: <= MaxNamed } list || plain is IDictionary) return Plain(plain);
            var names = new List<string>();
            foreach (object element in list) names.Add(Plain(element is PSObject o ? o.BaseObject : element));
            return string.Join(" ", names);
        }
        catch (Exception e) when (!Fatal(e)) { return value.GetType().FullName; }
    }

    static string Plain(object value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";

    static bool Fatal(Exception e) => e is PipelineStoppedException;
}
