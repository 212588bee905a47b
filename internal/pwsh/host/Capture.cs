using System;
using System.Buffers;
using System.Collections.Generic;
using System.Diagnostics;
using System.Management.Automation;
using System.Text;

namespace MM;

/// <summary>What one command gives, within its caps. Output comes on the session's thread, records from any.</summary>
sealed partial class Capture
{
    // A frame has 64 MB. Text may need up to six bytes for a character.
    const long MaxTextBytes = 38 << 20, MaxObjectBytes = 16 << 20;

    readonly Request request;
    readonly Outbox outbox;
    readonly Stopwatch clock = Stopwatch.StartNew();

    readonly StringBuilder text = new StringBuilder();
    long textBytes, droppedChars;
    bool textFull;

    readonly ArrayBufferWriter<byte> objects;
    readonly Walker walker;
    long items, keptItems;

    string why = "";
    volatile bool closed; // the answer is written; what comes now comes too late

    public bool HadErrors;
    public int? Exit, LastExit;

    /// <summary>The output objects, up to the cap.</summary>
    public readonly List<object> Kept = new List<object>();

    public Capture(Request request, Outbox outbox)
    {
        this.request = request;
        this.outbox = outbox;
        if (!request.WantsObjects && request.Op != "call") return;
        objects = new ArrayBufferWriter<byte>();
        walker = new Walker(objects, request.Depth, request.MaxItems, MaxObjectBytes);
    }

    public int Width => request.Width;

    /// <summary>True where the output is to be rendered.</summary>
    public bool TextWanted => request.Op != "call" && request.WantsText;

    /// <summary>True once no more text is kept.</summary>
    public bool TextFull => textFull;

    /// <summary>Takes an output object and returns how many there were. A null prints nothing and counts for nothing.</summary>
    public long Count(PSObject item)
    {
        if (item == null || walker != null && IsFormat(item)) return items;
        items++;
        if (keptItems >= request.MaxItems) return items;
        if (walker != null && !walker.Add(item, request.Select)) return items;
        keptItems++;
        if (request.Op != "call") Kept.Add(item);
        return items;
    }

    /// <summary>True for what Format-Table and its like make: instructions to print, not data.</summary>
    static bool IsFormat(PSObject item) =>
        item.BaseObject.GetType().Namespace == "Microsoft.PowerShell.Commands.Internal.Format";

    /// <summary>Takes an object that is not rendered any more. How long its text would have been is an estimate: that of the
    /// average one before.</summary>
    public void Skip()
    {
        lock (text) droppedChars += (text.Length + droppedChars) / Math.Max(1, items - 1);
    }

    public void RunAway() => why = "runaway_output";

    /// <summary>Appends rendered text, as it comes from the formatter or from Write-Host.</summary>
    public void Append(string piece, bool newline)
    {
        if (!TextWanted) return;
        piece = Text.Plain(piece);
        lock (text)
        {
            if (closed) return;
            if (request.Live) Live(newline ? piece + "\n" : piece);
            if (textFull)
            {
                droppedChars += piece.Length + (newline ? 1 : 0);
                return;
            }
            int fits = Text.Fit(piece, request.MaxChars - text.Length, MaxTextBytes - textBytes, out long bytes);
            textFull = fits < piece.Length;
            textBytes += bytes + 2;
            text.Append(piece, 0, fits);
            droppedChars += piece.Length - fits;
            if (!newline) return;
            if (textFull || text.Length >= request.MaxChars)
            {
                textFull = true;
                droppedChars++;
            }
            else text.Append('\n');
        }
    }

    long liveChars;

    /// <summary>Sends output on its way at once. There is as much of it as the result may have.</summary>
    void Live(string piece)
    {
        liveChars += piece.Length;
        if (liveChars <= request.MaxChars) outbox.Stream(request.Id, new StreamEntry("output", piece));
    }
}
