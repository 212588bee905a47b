using System.Management.Automation;
using System.Management.Automation.Language;
using System.Text.Json;

namespace MM;

/// <summary>An error record as plain data; mm.ErrorRecord in Go.</summary>
sealed class Failure
{
    const int MaxTarget = 1000, MaxMessage = 64 << 10;

    public readonly string Message;
    readonly string type, id, category, target = "";
    readonly int line, column;
    readonly bool terminating;

    public Failure(ErrorRecord record, bool terminating)
    {
        Message = MessageOf(record);
        type = record.Exception?.GetType().FullName ?? "";
        id = record.FullyQualifiedErrorId ?? "";
        category = record.CategoryInfo.Category.ToString();
        target = Text.Cut(Text.Plain(record.TargetObject as string ?? record.CategoryInfo.TargetName), MaxTarget);
        InvocationInfo at = record.InvocationInfo;
        if (at != null && at.ScriptLineNumber > 0)
        {
            line = at.ScriptLineNumber;
            column = at.OffsetInLine;
        }
        this.terminating = terminating;
    }

    public Failure(ParseError issue)
    {
        Message = Text.Cut(issue.Message, MaxMessage);
        type = "System.Management.Automation.ParseException";
        id = issue.ErrorId;
        category = "ParserError";
        line = issue.Extent.StartLineNumber;
        column = issue.Extent.StartColumnNumber;
        terminating = true;
    }

    /// <summary>What PowerShell would print for the record, without its position.</summary>
    public static string MessageOf(ErrorRecord record) =>
        Text.Cut(Text.Plain(record.ErrorDetails?.Message ?? record.Exception?.Message), MaxMessage);

    public void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        json.WriteString("message", Message);
        json.WriteString("type", type);
        json.WriteString("fully_qualified_error_id", id);
        json.WriteString("category", category);
        json.WriteString("target", target);
        json.WriteNumber("line", line);
        json.WriteNumber("column", column);
        json.WriteBoolean("terminating", terminating);
        json.WriteEndObject();
    }
}
