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
    public static string Cut(string text, int max) => text.Length <= max ? text : text.Substring(0, Fit(text, max));

    /// <summary>How many characters fit into max without cutting a surrogate pair.</summary>
    public static int Fit(string text, int max)
    {
        if (text.Length <= max) return text.Length;
        return max > 0 && char.IsHighSurrogate(text[max - 1]) ? max - 1 : max;
    }

    /// <summary>How many bytes the text has in a frame: UTF-8, with what JSON wants escaped. An upper bound.</summary>
    public static long JsonLength(string text)
    {
        long length = 0;
        foreach (char c in text)
            length += c < ' ' || c >= '\u007f' && c < '\u00a0' ? 6 : c is '"' or '\\' ? 2 : c < 0x80 ? 1 : c < 0x800 ? 2
                : char.IsSurrogate(c) ? 6 : 3;
        return length;
    }
}
