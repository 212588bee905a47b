using System;
using System.Text;

namespace MM;

/// <summary>Text as it leaves the process.</summary>
static class Text
{
    /// <summary>The text without terminal sequences: CSI (colours, cursor), OSC (titles, links), and two-character ones.</summary>
    public static string Plain(string text)
    {
        if (text == null) return "";
        int escape = text.IndexOf('\u001b');
        if (escape < 0) return text;
        var plain = new StringBuilder(text.Length);
        int from = 0;
        while (escape >= 0)
        {
            plain.Append(text, from, escape - from);
            from = SequenceEnd(text, escape);
            escape = text.IndexOf('\u001b', from);
        }
        return plain.Append(text, from, text.Length - from).ToString();
    }

    /// <summary>The index after the sequence that starts at the escape character at i.</summary>
    static int SequenceEnd(string text, int i)
    {
        if (++i >= text.Length) return i;
        switch (text[i])
        {
            case '[':
                for (i++; i < text.Length && text[i] is >= ' ' and <= '?'; i++) { }
                return i < text.Length ? i + 1 : i;
            case ']':
                for (i++; i < text.Length; i++)
                {
                    if (text[i] == '\u0007') return i + 1;
                    if (text[i] == '\u001b') return i + 1 < text.Length && text[i + 1] == '\\' ? i + 2 : i;
                }
                return i;
            default:
                return text[i] is >= '@' and <= '_' ? i + 1 : i;
        }
    }

    /// <summary>At most max characters of the text, never half of a surrogate pair.</summary>
    public static string Cut(string text, int max) => text.Length <= max ? text : text.Substring(0, Whole(text, max));

    /// <summary>How many characters of the text fit into a number of characters, and of bytes in a frame; and how many bytes
    /// those have. What it takes is an upper bound.</summary>
    public static int Fit(string text, long maxChars, long maxBytes, out long bytes)
    {
        bytes = 0;
        int end = (int)Math.Min(text.Length, Math.Max(0, maxChars));
        for (int i = 0; i < end; i++)
        {
            long next = bytes + JsonLength(text[i]);
            if (next > maxBytes)
            {
                end = i;
                break;
            }
            bytes = next;
        }
        return end < text.Length ? Whole(text, end) : end;
    }

    /// <summary>How many bytes the text has in a frame. An upper bound.</summary>
    public static long JsonLength(string text)
    {
        long length = 0;
        foreach (char c in text) length += JsonLength(c);
        return length;
    }

    static int JsonLength(char c)
    {
        if (c < 0x80) return c < ' ' || c == 0x7f ? 6 : c is '"' or '\\' ? 2 : 1;
        if (char.IsSurrogate(c) || Outbox.Writing.Encoder.WillEncode(c)) return 6;
        return c < 0x800 ? 2 : 3;
    }

    /// <summary>The end of text's first characters, moved before a surrogate pair that it would cut.</summary>
    static int Whole(string text, int end) => end > 0 && char.IsHighSurrogate(text[end - 1]) ? end - 1 : end;
}
